#ifndef ENGINE_STORE_FILE_SYSTEM_H
#define ENGINE_STORE_FILE_SYSTEM_H

/* File systems on which a record may not be: their locks and shared memory do not reach all who can write there. */

/* `type` is f_type of statfs(). The name of a refused one, or NULL. */
const char *file_system_refused(long type);

#endif
