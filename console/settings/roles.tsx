// Roles to choose from: nobody gives one above their own.
import type { ComponentProps } from 'react';
import { ROLES, type Role } from '#contract/roles.ts';
import { useSession } from '../session.tsx';
import { SelectField } from '../ui/field.tsx';
import { words } from '../words.ts';

export const isAbove = (one: Role, other: Role): boolean => ROLES.indexOf(one) > ROLES.indexOf(other);

export function useGrantable(): readonly Role[] {
  const { workspace } = useSession();
  return ROLES.filter((role) => workspace && !isAbove(role, workspace.role));
}

export function RoleOptions({ roles }: { roles: readonly Role[] }) {
  return roles.map((role) => (
    <option key={role} value={role}>
      {words.frame.role[role]}
    </option>
  ));
}

type Given = Omit<ComponentProps<'select'>, 'onChange'>;

export function RoleField({ onRole, error, ...rest }: Given & { error?: string; onRole(role: Role): void }) {
  return (
    <SelectField
      {...rest}
      label={words.settings.members.role}
      hint={words.settings.members.roles}
      error={error}
      onChange={(event) => onRole(event.target.value as Role)}
    >
      <RoleOptions roles={useGrantable()} />
    </SelectField>
  );
}
