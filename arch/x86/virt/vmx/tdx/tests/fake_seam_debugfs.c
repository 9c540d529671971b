// SPDX-License-Identifier: GPL-2.0
/*
 * The fake SEAM's controls for userspace, in debugfs. Described, file by file, in
 * Documentation/arch/x86/tdx-fake-seam.rst.
 */
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fake_host.h"
#include "fake_module.h"

#define MAX_NAME	32

static struct dentry *root;
static struct dentry *td_root;

/* A TD that userspace has made */
struct user_td {
	struct list_head list;
	struct mutex lock;	/* one step of the build at a time */
	struct fake_td *ftd;
	struct dentry *dir;
	char name[MAX_NAME];
};

static LIST_HEAD(user_tds);
static DEFINE_MUTEX(user_tds_lock);

/* "0x8000000000000001 12": a leaf and how often it was called */
static int calls_show(struct seq_file *m, void *unused)
{
	for (u64 leaf = 0; leaf < FAKE_SEAM_NR_LEAVES; leaf++) {
		u64 nr = fake_seam_count(leaf);

		if (nr)
			seq_printf(m, "%llu %llu\n", leaf, nr);
	}
	for (u64 leaf = 0; leaf < FAKE_SEAM_NR_LEAVES; leaf++) {
		u64 nr = fake_seam_count(SEAM_LEAF_SEAMLDR | leaf);

		if (nr)
			seq_printf(m, "0x%llx %llu\n", SEAM_LEAF_SEAMLDR | leaf, nr);
	}
	seq_printf(m, "all %llu\n", fake_seam_count_all());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(calls);

static int module_show(struct seq_file *m, void *unused)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	seq_printf(m, "version " TDX_VERSION_FMT "\n", state.module.major,
		   state.module.minor, state.module.update);
	seq_printf(m, "features0 0x%llx\n", state.module.features0);
	seq_printf(m, "handoff_versions %u-%u\n", state.module.min_update_hv,
		   state.module.module_hv);
	seq_printf(m, "hash_layout %u\n", state.module.hash_layout);
	seq_printf(m, "no_downgrade %u\n", state.module.no_downgrade);
	seq_printf(m, "svn %u.%u\n", state.module.svn_major, state.module.svn_minor);
	seq_printf(m, "ready %u\n", state.ready);
	seq_printf(m, "dead %u\n", state.dead);
	seq_printf(m, "builds %u\n", state.builds);
	seq_printf(m, "migrations %u\n", state.migrations);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(module);

/* "MRCONFIGID MRTD": every TD of the module, whoever has made it; "-" while it is built */
static int tds_show(struct seq_file *m, void *unused)
{
	unsigned int nr = fake_module_get_tds(NULL, 0), max;
	struct fake_td_info *infos = NULL;

	/* There can be more of them by now. */
	do {
		kvfree(infos);
		max = nr;
		infos = kvmalloc_array(max, sizeof(*infos), GFP_KERNEL);
		if (!infos)
			return -ENOMEM;
		nr = fake_module_get_tds(infos, max);
	} while (nr > max);

	for (unsigned int i = 0; i < nr; i++) {
		seq_printf(m, "%*phN ", SEAM_MRTD_SIZE, infos[i].mrconfigid);
		if (infos[i].finalized)
			seq_printf(m, "%*phN\n", SEAM_MRTD_SIZE, infos[i].mrtd);
		else
			seq_puts(m, "-\n");
	}
	kvfree(infos);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tds);

static int migrations_get(void *unused, u64 *val)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	*val = state.migrations;
	return 0;
}

static int migrations_set(void *unused, u64 val)
{
	if (val > U32_MAX)
		return -ERANGE;
	fake_module_set_migrations(val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(migrations_fops, migrations_get, migrations_set, "%llu\n");

static int remaining_updates_get(void *unused, u64 *val)
{
	*val = fake_seamldr_remaining_updates();
	return 0;
}

static int remaining_updates_set(void *unused, u64 val)
{
	if (val > U32_MAX)
		return -ERANGE;
	fake_seamldr_set_remaining_updates(val);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(remaining_updates_fops, remaining_updates_get,
			 remaining_updates_set, "%llu\n");

/* "LEAF CPU SKIP TIMES STATUS", or a fault's name for the status; "clear" */
static ssize_t inject_write(struct file *file, const char __user *ubuf, size_t count,
			    loff_t *ppos)
{
	struct fake_seam_injection in = {};
	char buf[128] = {};
	char fault[24];
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
		in.fault = FAKE_SEAM_VMFAILINVALID;
	else if (!strcmp(fault, "ud"))
		in.fault = FAKE_SEAM_UD;
	else if (!strcmp(fault, "gp"))
		in.fault = FAKE_SEAM_GP;
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

/* One page at the file's offset, which is its GPA: added and measured */
static ssize_t memory_write(struct file *file, const char __user *ubuf, size_t count,
			    loff_t *ppos)
{
	struct user_td *td = file->private_data;
	void *data;
	int ret;

	if (count != PAGE_SIZE)
		return -EINVAL;
	data = memdup_user(ubuf, PAGE_SIZE);
	if (IS_ERR(data))
		return PTR_ERR(data);

	scoped_guard(mutex, &td->lock)
		ret = fake_td_add_page(td->ftd, *ppos, data, true);
	kfree(data);
	if (ret)
		return ret;

	*ppos += PAGE_SIZE;
	return PAGE_SIZE;
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = memory_write,
	.llseek = default_llseek,
};

static int vcpu_set(void *data, u64 val)
{
	struct user_td *td = data;

	guard(mutex)(&td->lock);
	return fake_td_add_vcpu(td->ftd);
}
DEFINE_DEBUGFS_ATTRIBUTE(vcpu_fops, NULL, vcpu_set, "%llu\n");

static int finalize_set(void *data, u64 val)
{
	struct user_td *td = data;

	guard(mutex)(&td->lock);
	return fake_td_finalize(td->ftd);
}
DEFINE_DEBUGFS_ATTRIBUTE(finalize_fops, NULL, finalize_set, "%llu\n");

static int mrtd_show(struct seq_file *m, void *unused)
{
	struct user_td *td = m->private;
	u8 mrtd[SEAM_MRTD_SIZE];
	int ret;

	ret = fake_module_get_mrtd(page_to_phys(td->ftd->td.tdr_page), mrtd);
	if (ret)
		return ret;
	seq_printf(m, "%*phN\n", SEAM_MRTD_SIZE, mrtd);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mrtd);

/* Name of a TD out of a write: lower case letters, digits, '-' and '_' */
static int get_name(char name[MAX_NAME], const char __user *ubuf, size_t count)
{
	char *end;

	if (count >= MAX_NAME)
		return -ENAMETOOLONG;
	if (copy_from_user(name, ubuf, count))
		return -EFAULT;
	name[count] = '\0';
	end = strchrnul(name, '\n');
	*end = '\0';

	if (end == name)
		return -EINVAL;
	for (const char *c = name; *c; c++)
		if (!islower(*c) && !isdigit(*c) && *c != '-' && *c != '_')
			return -EINVAL;
	return 0;
}

static struct user_td *find_td(const char *name)
{
	struct user_td *td;

	list_for_each_entry(td, &user_tds, list)
		if (!strcmp(td->name, name))
			return td;
	return NULL;
}

static void add_files(struct user_td *td)
{
	td->dir = debugfs_create_dir(td->name, td_root);
	debugfs_create_file("vcpu", 0200, td->dir, td, &vcpu_fops);
	debugfs_create_file("memory", 0200, td->dir, td, &memory_fops);
	debugfs_create_file("finalize", 0200, td->dir, td, &finalize_fops);
	debugfs_create_file("mrtd", 0400, td->dir, td, &mrtd_fops);
}

static ssize_t create_write(struct file *file, const char __user *ubuf, size_t count,
			    loff_t *ppos)
{
	char name[MAX_NAME];
	struct user_td *td;
	int ret;

	ret = get_name(name, ubuf, count);
	if (ret)
		return ret;

	guard(mutex)(&user_tds_lock);
	if (find_td(name))
		return -EEXIST;

	td = kzalloc_obj(*td);
	if (!td)
		return -ENOMEM;
	td->ftd = fake_td_create();
	if (IS_ERR(td->ftd)) {
		ret = PTR_ERR(td->ftd);
		kfree(td);
		return ret;
	}

	mutex_init(&td->lock);
	strscpy(td->name, name);
	list_add(&td->list, &user_tds);
	add_files(td);
	return count;
}

static const struct file_operations create_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = create_write,
};

static ssize_t destroy_write(struct file *file, const char __user *ubuf, size_t count,
			     loff_t *ppos)
{
	char name[MAX_NAME];
	struct user_td *td;
	int ret;

	ret = get_name(name, ubuf, count);
	if (ret)
		return ret;

	guard(mutex)(&user_tds_lock);
	td = find_td(name);
	if (!td)
		return -ENOENT;

	/* Waits until nobody is in one of the files. */
	debugfs_remove(td->dir);
	ret = fake_td_destroy(td->ftd);
	if (ret) {
		add_files(td);
		return ret;
	}
	list_del(&td->list);
	kfree(td);
	return count;
}

static const struct file_operations destroy_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = destroy_write,
};

static int __init fake_seam_debugfs_init(void)
{
	if (!fake_seam_active())
		return 0;

	root = debugfs_create_dir("fake_seam", NULL);
	td_root = debugfs_create_dir("td", root);
	debugfs_create_file("create", 0200, root, NULL, &create_fops);
	debugfs_create_file("destroy", 0200, root, NULL, &destroy_fops);
	debugfs_create_file("calls", 0400, root, NULL, &calls_fops);
	debugfs_create_file("module", 0400, root, NULL, &module_fops);
	debugfs_create_file("tds", 0400, root, NULL, &tds_fops);
	debugfs_create_file("inject", 0200, root, NULL, &inject_fops);
	debugfs_create_file("migrations", 0600, root, NULL, &migrations_fops);
	debugfs_create_file("remaining_updates", 0600, root, NULL, &remaining_updates_fops);
	return 0;
}
late_initcall(fake_seam_debugfs_init);
