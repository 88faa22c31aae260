"""Sets for training, images and tables: found in the user's folders, checked, as numpy arrays.

A set is looked for in the folders a user names (an argument, or `NVMCOSIM_DATA`, separated like
`PATH`), in its subfolder of the same name, in the user's cache and where Debian's package puts it.
Nothing is downloaded unless `fetch` is called. Every set is checked for counts, shapes, labels and
checksums; no pickle is ever read.
"""

from nvmcosim.datasets.fetch import fetch
from nvmcosim.datasets.images import ImageSet
from nvmcosim.datasets.search import DATASETS, load_dataset, search_folders
from nvmcosim.datasets.table_set import TableSet

__all__ = ["DATASETS", "ImageSet", "TableSet", "fetch", "load_dataset", "search_folders"]
