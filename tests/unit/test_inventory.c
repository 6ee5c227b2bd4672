/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a machine's functions; how it is shown is tested with the command. */
#include <errno.h>

#include "fakemodules.h"
#include "outlook/inventory.h"

#define GPU   "pci0000:00/0000:00:01.0/0000:01:00.0"
#define SOUND "pci0000:00/0000:00:01.0/0000:01:00.1"
#define OTHER "pci0000:00/0000:00:01.1"

static const struct pci_address gpu = {0, 1, 0}, sound = {0, 1, 1}, other = {0, 0, 0x09};

/* The facts have to last as long as what is made of them. */
struct view {
	struct root root;
	struct facts facts;
	struct inventory inventory;
};

static int read_view(struct view *ret)
{
	ret->root = fake_open();
	assert_int_equal(facts_read(&ret->root, &ret->facts), 0);
	return inventory_read(&ret->facts, &ret->inventory);
}

static void free_view(struct view *view)
{
	inventory_free(&view->inventory);
	facts_free(&view->facts);
	root_close(&view->root);
}

static void put_machine(void)
{
	fake_function(GPU, 0x10de, 0x2206);
	fake_function(SOUND, 0x10de, 0x2206);
	fake_function(OTHER, 0x8086, 0x1901);
}

static void test_nothing(void **state)
{
	struct view view = {0};

	assert_int_equal(read_view(&view), -ENOENT);
	free_view(&view);
	fake_dir("sys/bus/pci/devices");
	view = (struct view){0};
	assert_int_equal(read_view(&view), 0);
	assert_int_equal(view.inventory.n, 0);
	assert_null(inventory_find(&view.inventory, gpu));
	free_view(&view);
}

static void test_functions(void **state)
{
	_cleanup_(free_view) struct view view = {0};
	const struct inventory *inventory = &view.inventory;
	const struct inventory_function *first;

	put_machine();
	assert_int_equal(read_view(&view), 0);
	assert_int_equal(inventory->n, 3);
	first = inventory->functions;
	assert_true(pci_address_equal(first[0].pci->dev.address, other));
	assert_ptr_equal(inventory_find(inventory, gpu), &first[1]);
	assert_ptr_equal(inventory_find(inventory, sound), &first[2]);
	assert_null(inventory_find(inventory, (struct pci_address){1, 1, 0}));
	/* What is the same is there once. */
	assert_ptr_equal(first[1].kind, first[2].kind);
	assert_ptr_not_equal(first[0].kind, first[1].kind);
	assert_int_equal(inventory->n_kinds, 2);
	assert_null(first[0].kind->modules);
	assert_string_not_equal(first[0].kind->name, "");
	assert_int_equal(inventory->usage_error, -EHOSTUNREACH);
	assert_int_equal(first[1].n_uses, 0);
	assert_int_equal(first[1].result, INVENTORY_FREE);
}

static void test_groups(void **state)
{
	_cleanup_(free_view) struct view view = {0};
	const struct inventory *inventory = &view.inventory;
	struct inventory_function *function;
	struct pcibus_function *pci;

	put_machine();
	fake_link("sys/devices/" GPU "/iommu_group", "../../../../kernel/iommu_groups/7");
	fake_link("sys/devices/" SOUND "/iommu_group", "../../../kernel/iommu_groups/8");
	fake_link("sys/devices/" OTHER "/iommu_group", "../../kernel/iommu_groups/x");
	assert_int_equal(read_view(&view), 0);
	function = inventory->functions;
	pci = view.facts.bus.functions;
	assert_true(inventory->bus->has_groups);
	assert_int_equal(function[0].pci->group, PCIBUS_NO_GROUP);
	assert_int_equal(function[1].pci->group, 7);
	assert_int_equal(function[2].pci->group, 8);
	assert_false(inventory_same_group(&function[1], &function[2]));
	pci[2].group = 7;
	assert_true(inventory_same_group(&function[1], &function[2]));
	pci[2].group = PCIBUS_NO_GROUP;
	assert_false(inventory_same_group(&function[1], &function[2]));
	pci[1].group = PCIBUS_NO_GROUP; /* without groups by slot */
	assert_true(inventory_same_group(&function[1], &function[2]));
	assert_false(inventory_same_group(&function[0], &function[2]));
}

static void test_modules(void **state)
{
	static const struct fake_index_line dep[] = {{"nouveau", "nouveau.ko:"}};
	static const struct fake_index_line alias[] = {
		{"pci:v000010DEd*sv*sd*bc*sc*i*", "nouveau"}};
	_cleanup_(free_view) struct view view = {0};
	const struct inventory *inventory = &view.inventory;

	put_machine();
	fake_put("proc/sys/kernel/osrelease", "6.12.1-test\n");
	fake_put_index("lib/modules/6.12.1-test", "modules.dep", dep, 1);
	fake_put_index("lib/modules/6.12.1-test", "modules.alias", alias, 1);
	assert_int_equal(read_view(&view), 0);
	assert_string_equal(inventory->functions[0].kind->modules, "");
	assert_string_equal(inventory->functions[1].kind->modules, "nouveau");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(test_nothing),
		ROOT_TEST(test_functions),
		ROOT_TEST(test_groups),
		ROOT_TEST(test_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
