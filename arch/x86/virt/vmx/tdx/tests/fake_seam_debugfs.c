// SPDX-License-Identifier: GPL-2.0
/*
 * The fake SEAM's controls for userspace, in debugfs. Described, file by file, in
 * Documentation/arch/x86/tdx-fake-seam.rst.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fake_host.h"
#include "fake_module.h"

/* A TD that userspace builds, while it has the file open */
struct user_td {
	struct mutex lock;	/* one step of the build at a time */
	struct fake_td *ftd;
	loff_t pos;		/* in the text; that of the file is a GPA */
};

static int td_open(struct inode *inode, struct file *file)
{
	struct user_td *td __free(kfree) = kzalloc_obj(*td);
	int ret;

	if (!td)
		return -ENOMEM;
	mutex_init(&td->lock);
	td->ftd = fake_td_create();
	if (IS_ERR(td->ftd))
		return PTR_ERR(td->ftd);
	ret = fake_td_add_vcpu(td->ftd);
	if (ret) {
		fake_td_destroy(td->ftd);
		return ret;
	}
	file->private_data = no_free_ptr(td);
	return 0;
}

/* What the module does not let go of is leaked. */
static int td_release(struct inode *inode, struct file *file)
{
	struct user_td *td = file->private_data;

	fake_td_destroy(td->ftd);
	kfree(td);
	return 0;
}

/* One page at the file's offset, which is its GPA: added and measured */
static ssize_t td_write(struct file *file, const char __user *ubuf, size_t count, loff_t *ppos)
{
	struct user_td *td = file->private_data;
	int ret;

	if (count != PAGE_SIZE)
		return -EINVAL;

	void *data __free(kfree) = memdup_user(ubuf, PAGE_SIZE);
	if (IS_ERR(data))
		return PTR_ERR(data);

	guard(mutex)(&td->lock);
	ret = fake_td_add_page(td->ftd, *ppos, data, true);
	if (ret)
		return ret;

	*ppos += PAGE_SIZE;
	return PAGE_SIZE;
}

/* The first one ends the build. The measurement, once, wherever the last page went */
static ssize_t td_read(struct file *file, char __user *ubuf, size_t count, loff_t *ppos)
{
	struct user_td *td = file->private_data;
	u64 tdr = page_to_phys(td->ftd->td.tdr_page);
	char text[2 * SEAM_MRTD_SIZE + 2];
	u8 mrtd[SEAM_MRTD_SIZE];
	int ret;

	guard(mutex)(&td->lock);
	ret = fake_module_get_mrtd(tdr, mrtd);
	if (ret == -ENODATA)
		ret = fake_td_finalize(td->ftd) ?: fake_module_get_mrtd(tdr, mrtd);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "%*phN\n", SEAM_MRTD_SIZE, mrtd);
	return simple_read_from_buffer(ubuf, count, &td->pos, text, strlen(text));
}

static const struct file_operations td_fops = {
	.owner = THIS_MODULE,
	.open = td_open,
	.release = td_release,
	.read = td_read,
	.write = td_write,
	.llseek = default_llseek,
};

DEFINE_SHOW_ATTRIBUTE(fake_module_tds);

/* "0x8000000000000001 12": a leaf and how often it was called */
static int calls_show(struct seq_file *m, void *unused)
{
	for (u64 leaf = 0; leaf < FAKE_SEAM_NR_LEAVES; leaf++) {
		u64 seamldr = SEAM_LEAF_SEAMLDR | leaf;

		if (fake_seam_count(leaf))
			seq_printf(m, "%llu %llu\n", leaf, fake_seam_count(leaf));
		if (fake_seam_count(seamldr))
			seq_printf(m, "0x%llx %llu\n", seamldr, fake_seam_count(seamldr));
	}
	seq_printf(m, "all %llu\n", fake_seam_count_all());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(calls);

/* "LEAF CPU SKIP TIMES STATUS", or "vmfailinvalid" for the status; "clear" */
static ssize_t inject_write(struct file *file, const char __user *ubuf, size_t count,
			    loff_t *ppos)
{
	struct fake_seam_injection in = {};
	char buf[128] = {}, fault[24];
	int ret;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;

	if (sysfs_streq(buf, "clear")) {
		fake_seam_inject_clear();
		return count;
	}

	if (sscanf(buf, "%lli %d %u %u %23s", &in.leaf, &in.cpu, &in.skip, &in.times,
		   fault) != 5)
		return -EINVAL;
	if (!strcmp(fault, "vmfailinvalid"))
		in.status = FAKE_SEAM_VMFAILINVALID;
	else if (kstrtou64(fault, 0, &in.status))
		return -EINVAL;

	ret = fake_seam_inject(&in);
	return ret ?: count;
}

static const struct file_operations inject_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = inject_write,
};

static int __init fake_seam_debugfs_init(void)
{
	struct dentry *root;

	if (!fake_seam_active())
		return 0;

	root = debugfs_create_dir("fake_seam", NULL);
	debugfs_create_file("td", 0600, root, NULL, &td_fops);
	debugfs_create_file("tds", 0400, root, NULL, &fake_module_tds_fops);
	debugfs_create_u32("migrations", 0600, root, &fake_module_migrations);
	debugfs_create_u32("remaining_updates", 0600, root, &fake_seamldr_updates);
	debugfs_create_file("calls", 0400, root, NULL, &calls_fops);
	debugfs_create_file("inject", 0200, root, NULL, &inject_fops);
	return 0;
}
late_initcall(fake_seam_debugfs_init);
