"""What is done to a graph before it is compiled. Each pass takes a graph and changes it in place."""

from foldgate.onnx.graph import Graph
from foldgate.onnx.passes.fold import fold_constants
from foldgate.onnx.passes.fuse import fuse
from foldgate.onnx.passes.in_place import write_in_place
from foldgate.onnx.passes.layout import channels_last
from foldgate.onnx.passes.tidy import drop_unused, skip_identities


def prepare_graph(graph: Graph) -> Graph:
    """The same graph with less to do."""
    skip_identities(graph)
    fold_constants(graph)
    drop_unused(graph)
    fuse(graph)
    channels_last(graph)
    skip_identities(graph)
    drop_unused(graph)
    write_in_place(graph)
    return graph
