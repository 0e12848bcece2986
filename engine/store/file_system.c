#include "store/file_system.h"

#include <linux/magic.h>
#include <stddef.h>
#include <stdint.h>

const char *file_system_refused(long type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } refused[] = {
        {NFS_SUPER_MAGIC, "NFS"},   {SMB_SUPER_MAGIC, "SMB"}, {CIFS_SUPER_MAGIC, "CIFS"}, {SMB2_SUPER_MAGIC, "SMB"},
        {FUSE_SUPER_MAGIC, "FUSE"}, {AFS_SUPER_MAGIC, "AFS"}, {AFS_FS_MAGIC, "AFS"},
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i].type == (uint32_t)type)
            return refused[i].name;
    }
    return NULL;
}
