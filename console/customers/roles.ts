// The parts of a grid by their roles. A table's own elements have them already, but can neither be placed by hand nor show a part
// of their rows alone.
import type { AriaAttributes } from 'react';

type Role = 'grid' | 'rowgroup' | 'row' | 'columnheader' | 'gridcell' | 'presentation';

export const as = (role: Role, aria: AriaAttributes = {}) => ({ role, ...aria });
