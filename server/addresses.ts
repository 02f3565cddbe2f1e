// Which addresses are the public Internet's, by IANA's registries of special-purpose addresses (RFC 6890).
import { BlockList, isIP, isIPv4 } from 'node:net';

/** IPv4 that is private, of this machine or link, shared, reserved, for documentation, or for many at once. */
const SPECIAL_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/**
 * All of IPv6 that is public: so nothing of this machine, link or site, no IPv4 in another form (::ffff:0:0/96, ::/96) and none behind a NAT64
 * (64:ff9b::/96, 64:ff9b:1::/48).
 */
const GLOBAL_6 = '2000::/3';
/** Of these, what holds an IPv4 address (Teredo, 6to4), is for protocols, or for documentation. */
const SPECIAL_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

export function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list;
}

const special4 = rangesOf(SPECIAL_4);
const special6 = rangesOf(SPECIAL_6);
const global6 = rangesOf([GLOBAL_6]);

/** Whether an address, without a zone, is one that anybody on the Internet may have. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special4.check(address, 'ipv4');
  return family === 6 && global6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
}
