/** What the Edge dialect has instead of views. */
export const copies = `
alias_copy(Tensor self) -> Tensor
as_strided_copy(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor
detach_copy(Tensor self) -> Tensor
diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor
expand_copy(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor
lift_fresh_copy(Tensor self) -> Tensor
narrow_copy(Tensor self, int dim, SymInt start, SymInt length) -> Tensor
permute_copy(Tensor self, int[] dims) -> Tensor
select_copy.int(Tensor self, int dim, SymInt index) -> Tensor
slice_copy.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor
split_copy.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]
split_with_sizes_copy(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]
squeeze_copy(Tensor self) -> Tensor
squeeze_copy.dim(Tensor self, int dim) -> Tensor
squeeze_copy.dims(Tensor self, int[] dim) -> Tensor
t_copy(Tensor self) -> Tensor
transpose_copy.int(Tensor self, int dim0, int dim1) -> Tensor
unbind_copy.int(Tensor self, int dim=0) -> Tensor[]
unfold_copy(Tensor self, int dimension, int size, int step) -> Tensor
unsqueeze_copy(Tensor self, int dim) -> Tensor
view_copy(Tensor self, SymInt[] size) -> Tensor
view_copy.dtype(Tensor self, ScalarType dtype) -> Tensor
view_as_real_copy(Tensor self) -> Tensor
view_as_complex_copy(Tensor self) -> Tensor
_reshape_copy(Tensor self, SymInt[] size) -> Tensor
`;
