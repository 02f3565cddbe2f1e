// Where one can go from everywhere, in the order of the menu.
import { ChartNoAxesColumn, FileUp, History, Settings, Users } from 'lucide-react';
import type { ReactNode } from 'react';
import { words } from './words.ts';

/** `key`: what follows `g`. */
export type Place = { href: string; label: string; icon: ReactNode; key: string };

export const PLACES: Place[] = [
  { href: '/customers', label: words.customers.title, icon: <Users aria-hidden="true" />, key: 'c' },
  { href: '/dashboard', label: words.dashboard.title, icon: <ChartNoAxesColumn aria-hidden="true" />, key: 'd' },
  { href: '/imports', label: words.imports.title, icon: <FileUp aria-hidden="true" />, key: 'i' },
  { href: '/activity', label: words.activity.title, icon: <History aria-hidden="true" />, key: 'a' },
  { href: '/settings', label: words.settings.title, icon: <Settings aria-hidden="true" />, key: 's' },
];

export const isAt = (location: string, { href }: Place): boolean =>
  location === href || location.startsWith(`${href}/`);
