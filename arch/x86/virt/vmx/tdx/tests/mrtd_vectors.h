/* SPDX-License-Identifier: GPL-2.0 */
/* Generated in tools/testing/fake_seam. Do not edit. */
const struct mrtd_vector mrtd_vectors[] = {
	{ "nothing", 0, { },
	  "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
	},
	{ "one page", 1, { { 0, 1 } },
	  "816e1551f82afabe60064695ad8e605d9a4b0a31ca4aff21d12760f9077472b458cc17a0edca296d8ef5f5ec90401042",
	},
	{ "two pages", 2, { { 0, 1 }, { 1, 1 } },
	  "f3e62272847432c764d6c981728e13541a27be8d622d378462df6e2e25fbc7be7d88eb3403bf3803849e1d1e845752c8",
	},
	{ "three pages", 3, { { 0, 1 }, { 1, 1 }, { 2, 1 } },
	  "6f835376246b2fb72726842cfa11ce5f727d5312662e774a3f1e099c7894e4892c8c8f8976ed10fad211f09ca37dcf4b",
	},
	{ "four pages", 4, { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 } },
	  "fd003550df42dc855765e1668c9001cfa4aed82c320d147d0fc27095283d6e40a0c6bc674ebe2812beab73bc096b58db",
	},
	{ "two pages, first not measured", 2, { { 0, 0 }, { 1, 1 } },
	  "f84f465196ce3af4d7a9b59a5d931e9fd9ff7c05ab17b16567b96b8b62b070df14857a1318573b2a19446c39c5af92b9",
	},
	{ "far apart", 6, { { 7, 1 }, { 300, 1 }, { 9, 0 }, { 511, 1 }, { 0, 1 }, { 64, 0 } },
	  "3c6f82f58794762c7d6e354223edb1a0461daf108822125088ad316d0fcfa450ca2f81fe10ee59f5a30038b73c55193b",
	},
	{}
};
