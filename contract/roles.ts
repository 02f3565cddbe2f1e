// Roles, and what each may do. It imports nothing, so that a page in a browser can know it too.

/** What a caller may be allowed to do; roles are sets of these. */
export type Permission =
  | 'customers:read'
  | 'customers:write'
  | 'customers:erase'
  | 'events:read'
  | 'keys:manage'
  | 'members:read'
  | 'members:manage'
  | 'webhooks:manage'
  | 'workspace:read'
  | 'workspace:manage';

export type Role = 'owner' | 'admin' | 'editor' | 'viewer';

/** From the least to the most; nobody grants a role above their own. */
export const ROLES: readonly Role[] = ['viewer', 'editor', 'admin', 'owner'];

const READ: Permission[] = ['customers:read', 'events:read', 'members:read', 'workspace:read'];
const WRITE: Permission[] = [...READ, 'customers:write'];
const MANAGE: Permission[] = [
  ...WRITE,
  'customers:erase',
  'keys:manage',
  'members:manage',
  'webhooks:manage',
  'workspace:manage',
];
export const PERMISSIONS: Record<Role, readonly Permission[]> = {
  viewer: READ,
  editor: WRITE,
  admin: MANAGE,
  owner: MANAGE,
};
