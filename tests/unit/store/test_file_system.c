#include "unit/unit.h"

#include <linux/magic.h>

#include "store/file_system.h"

static void test_file_system_refused__names_those_of_other_machines(void **state)
{
    (void)state;
    assert_string_equal(file_system_refused(NFS_SUPER_MAGIC), "NFS");
    assert_string_equal(file_system_refused(SMB_SUPER_MAGIC), "SMB");
    assert_string_equal(file_system_refused(SMB2_SUPER_MAGIC), "SMB");
    assert_string_equal(file_system_refused(CIFS_SUPER_MAGIC), "CIFS");
    assert_string_equal(file_system_refused(FUSE_SUPER_MAGIC), "FUSE");
    assert_string_equal(file_system_refused(AFS_SUPER_MAGIC), "AFS");
    assert_string_equal(file_system_refused(AFS_FS_MAGIC), "AFS");
    /* f_type is signed, and this one has its highest bit set. */
    assert_string_equal(file_system_refused((long)(int)SMB2_SUPER_MAGIC), "SMB");
}

static void test_file_system_refused__lets_disks_of_this_machine_pass(void **state)
{
    (void)state;
    assert_null(file_system_refused(EXT4_SUPER_MAGIC));
    assert_null(file_system_refused(XFS_SUPER_MAGIC));
    assert_null(file_system_refused(BTRFS_SUPER_MAGIC));
    assert_null(file_system_refused(TMPFS_MAGIC));
    assert_null(file_system_refused(OVERLAYFS_SUPER_MAGIC));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_system_refused__names_those_of_other_machines),
        cmocka_unit_test(test_file_system_refused__lets_disks_of_this_machine_pass),
    };

    return RUN_TESTS(tests);
}
