// The parts of the settings, and who may open them.
import { CircleUser, Keyboard, KeyRound, SlidersHorizontal, Users, Webhook } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Permission } from '#contract/roles.ts';
import { words } from '../words.ts';

const { parts } = words.settings;

export type SettingsPart = { part: string; label: string; icon: ReactNode; permission?: Permission };

export const SETTINGS_PARTS: SettingsPart[] = [
  { part: 'account', label: parts.account, icon: <CircleUser aria-hidden="true" /> },
  { part: 'appearance', label: parts.appearance, icon: <Keyboard aria-hidden="true" /> },
  { part: 'members', label: parts.members, icon: <Users aria-hidden="true" />, permission: 'members:read' },
  { part: 'keys', label: parts.keys, icon: <KeyRound aria-hidden="true" />, permission: 'keys:manage' },
  {
    part: 'webhooks',
    label: parts.webhooks,
    icon: <Webhook aria-hidden="true" />,
    permission: 'webhooks:manage',
  },
  {
    part: 'workspace',
    label: parts.workspace,
    icon: <SlidersHorizontal aria-hidden="true" />,
    permission: 'workspace:read',
  },
];
