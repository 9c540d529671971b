/* SPDX-License-Identifier: GPL-2.0 */
/* Generated in tools/testing/fake_seam. Do not edit. */
#define MAX_VECTOR_PAGES 8

static const struct mrtd_vector mrtd_vectors[] = {
	{
		.name = "nothing",
		.nr_pages = 0,
		.mrtd =
			"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
	},
	{
		.name = "one page",
		.nr_pages = 1,
		.pages = {
			{ 0, 1 },
		},
		.mrtd =
			"816e1551f82afabe60064695ad8e605d9a4b0a31ca4aff21d12760f9077472b458cc17a0edca296d8ef5f5ec90401042",
	},
	{
		.name = "one page, contents not measured",
		.nr_pages = 1,
		.pages = {
			{ 0, 0 },
		},
		.mrtd =
			"8f3e9a8aca6784eab874f7aa4dda5d49104a88047f1f86695ef2a88f5691a90e34aac48ce45ffa1f5a23c7d62980d570",
	},
	{
		.name = "one page elsewhere",
		.nr_pages = 1,
		.pages = {
			{ 1, 1 },
		},
		.mrtd =
			"c60c21bd5d7c5a31edc4bf6f7d3f5db5ad6bb05edf8a65d53ed23332ade55a8b1ba266628298d32fc2241737a0ecc247",
	},
	{
		.name = "the last page",
		.nr_pages = 1,
		.pages = {
			{ 511, 1 },
		},
		.mrtd =
			"8579136c91f9743ffeda9782a88aae2976ed196d1fec40dbe3eb2ea5a5a8d349beb1240338ca05eaad6838d8df7c893b",
	},
	{
		.name = "two pages",
		.nr_pages = 2,
		.pages = {
			{ 0, 1 }, { 1, 1 },
		},
		.mrtd =
			"f3e62272847432c764d6c981728e13541a27be8d622d378462df6e2e25fbc7be7d88eb3403bf3803849e1d1e845752c8",
	},
	{
		.name = "two pages the other way round",
		.nr_pages = 2,
		.pages = {
			{ 1, 1 }, { 0, 1 },
		},
		.mrtd =
			"ed240758fe012bfed60de9040b97d9e318511b7d632fb809b0884321fe1e603ebd7d78265d448e9acb10e0579dc3f6f1",
	},
	{
		.name = "two pages, first not measured",
		.nr_pages = 2,
		.pages = {
			{ 0, 0 }, { 1, 1 },
		},
		.mrtd =
			"f84f465196ce3af4d7a9b59a5d931e9fd9ff7c05ab17b16567b96b8b62b070df14857a1318573b2a19446c39c5af92b9",
	},
	{
		.name = "two pages, second not measured",
		.nr_pages = 2,
		.pages = {
			{ 0, 1 }, { 1, 0 },
		},
		.mrtd =
			"1d268ca0bc3f032504be3a82518d021cee7bb17e3b8c267c57e76096404a5d2b4f2b8e667897a770a0eb3af98ba92702",
	},
	{
		.name = "four pages",
		.nr_pages = 4,
		.pages = {
			{ 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 },
		},
		.mrtd =
			"fd003550df42dc855765e1668c9001cfa4aed82c320d147d0fc27095283d6e40a0c6bc674ebe2812beab73bc096b58db",
	},
	{
		.name = "eight pages here and there",
		.nr_pages = 8,
		.pages = {
			{ 7, 1 }, { 300, 1 }, { 8, 1 }, { 9, 0 }, { 510, 1 }, { 0, 1 },
			{ 128, 1 }, { 64, 0 },
		},
		.mrtd =
			"39f64b0e949b3f41ecf676b568b3e3f2d395ae76d12f94c68df9caba2b847105c22d70f669ab878ba4fab40445dbd5b2",
	},
};
