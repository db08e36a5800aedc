"""Which nodes depend on the shapes of the inputs alone: what they compute is kept for equal shapes."""

from __future__ import annotations

from foldgate.onnx.graph import Graph, Node

# The extents of their results follow from those of their inputs, values apart.
_BY_SHAPES = "Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Celu Clip Concat "
_BY_SHAPES += "Conv ConvTranspose Cos Div Dropout Elu Equal Erf Exp Flatten Floor Gather GatherElements "
_BY_SHAPES += "Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization GRU "
_BY_SHAPES += "HardSigmoid HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Less "
_BY_SHAPES += "LessOrEqual Log LogSoftmax LpNormalization LSTM MatMul Max MaxPool Mean Min Mish Mod Mul "
_BY_SHAPES += "Neg Not Or PRelu Pow RMSNormalization RNN Reciprocal Relu Selu Shape Sigmoid Sign Sin "
_BY_SHAPES += "Size Softmax Softplus Softsign Sqrt Sub Sum Swish Tanh Transpose Trilu Where"
# The values of their later inputs say the extents too.
_BY_VALUES = "Expand OneHot Pad ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape "
_BY_VALUES += "Resize Slice Split Squeeze Tile Unsqueeze Upsample"
# The values of all inputs say the extents.
_FROM_VALUES = ("ConstantOfShape", "Range")


def shape_nodes(graph: Graph) -> set[int]:
    """Positions of the nodes whose results are the same whenever the inputs have the same shapes."""
    values = {"", *graph.constants}  # known once the shapes are
    shaped = {*values, *graph.input_names()}  # their extents are known once the shapes of the inputs are
    found = set()
    for i, node in enumerate(graph.nodes):
        if node.domain or any(True for _ in node.graphs()):
            continue
        if not _is_shaped(node, shaped, values):
            continue
        shaped.update(node.outputs)
        if node.op in ("Shape", "Size") or all(name in values for name in node.inputs):
            values.update(node.outputs)
            found.add(i)
    return found


def _is_shaped(node: Node, shaped: set[str], values: set[str]) -> bool:
    if any(name not in shaped for name in node.inputs):
        return False
    if node.op in _BY_SHAPES.split():
        return True
    if node.op in _BY_VALUES.split():
        return all(name in values for name in node.inputs[1:])
    return node.op in _FROM_VALUES and all(name in values for name in node.inputs)
