// E.164 by Google's numbering plans.
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/**
 * A phone number as typed in E.164, or null where it is not a valid one. Without a region (ISO 3166-1) only numbers
 * with a country code can be told.
 */
export function toE164(phone: string | null, region: string | null): string | null {
  if (phone === null || (region === null && !phone.includes('+'))) return null;
  const country = region !== null && isSupportedCountry(region) ? (region as CountryCode) : undefined;
  const parsed = parsePhoneNumberFromString(phone, { defaultCountry: country, extract: false });
  return parsed?.isValid() ? parsed.number : null;
}
