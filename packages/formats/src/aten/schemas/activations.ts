/** Activation functions. */
export const activations = `
relu(Tensor self) -> Tensor
relu6(Tensor self) -> Tensor
hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor
hardswish(Tensor self) -> Tensor
hardsigmoid(Tensor self) -> Tensor
hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor
softshrink(Tensor self, Scalar lambd=0.5) -> Tensor
leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor
rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Generator? generator=None) -> Tensor
prelu(Tensor self, Tensor weight) -> Tensor
_prelu_kernel(Tensor self, Tensor weight) -> Tensor
elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor
selu(Tensor self) -> Tensor
celu(Tensor self, Scalar alpha=1.0) -> Tensor
silu(Tensor self) -> Tensor
mish(Tensor self) -> Tensor
gelu(Tensor self, *, str approximate='none') -> Tensor
glu(Tensor self, int dim=-1) -> Tensor
softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor
log_sigmoid(Tensor self) -> Tensor
log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)
sigmoid(Tensor self) -> Tensor
tanh(Tensor self) -> Tensor
threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor
softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
_softmax(Tensor self, int dim, bool half_to_float) -> Tensor
log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor
_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
logit(Tensor self, float? eps=None) -> Tensor
logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor
special_expit(Tensor self) -> Tensor
special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor
`;
