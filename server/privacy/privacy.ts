// Privacy: the door for the command line, the server and the slices behind it.
export { type NotedErasure, readErasures } from './erasure-file.ts';
export { applyErasures } from './reapply.ts';
export { keepRetention } from './retention.ts';
export { ERASING } from './store.ts';
