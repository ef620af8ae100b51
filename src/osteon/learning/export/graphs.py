"""What every ONNX graph of ours goes through, wherever it came from."""

import onnx


def forget_the_machine(model: onnx.ModelProto) -> None:
    """Take out of a graph what an exporter noted about where and how it was made.

    Args:
        model: Changed in place.
    """
    del model.metadata_props[:]
    parts = [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer]
    parts += [*model.graph.input, *model.graph.output]
    for part in parts:
        part.ClearField("doc_string")
        del part.metadata_props[:]
