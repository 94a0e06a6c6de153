"""The rules of a tree as text, in scikit-learn's layout."""

from .nodes import LEAF

__all__ = ["tree_to_text"]


def tree_to_text(tree, feature_names, class_names, max_depth, spacing, decimals, show_weights):
    """One line a question or leaf, indented by depth.

    Parameters
    ----------
    tree : Tree
        What to write.
    feature_names : sequence of str
        Names of the features.
    class_names : sequence or None
        Names of the classes; None for a regression tree.
    max_depth, spacing, decimals : int
        Depth to cut at, width of an indent, digits.
    show_weights : bool
        Whether leaves of a classifier show the class weights.

    Returns
    -------
    str
        Ends with a newline.
    """
    lines, stack = [], [(0, 0, None)]  # node, depth, line that leads here
    branch = "|" + " " * spacing
    while stack:
        node, depth, question = stack.pop()
        if question is not None:
            lines.append(question)
        indent = branch * depth + "|" + "-" * spacing + " "
        if tree.children_left[node] == LEAF:
            lines.append(indent + _leaf(tree, node, class_names, decimals, show_weights))
        elif depth > max_depth:
            lines.append(f"{indent}truncated branch of depth {_depth_below(tree, node)}")
        else:
            name, threshold = feature_names[tree.feature[node]], f"{tree.threshold[node]:.{decimals}f}"
            stack.append((tree.children_right[node], depth + 1, f"{indent}{name} >  {threshold}"))
            stack.append((tree.children_left[node], depth + 1, f"{indent}{name} <= {threshold}"))
    return "\n".join(lines) + "\n"


def _leaf(tree, node, class_names, decimals, show_weights):
    value = tree.value[node, 0]
    if class_names is None:
        return f"value: [{value[0]:.{decimals}f}]"
    weights = ", ".join(f"{share * tree.weighted_n_node_samples[node]:.{decimals}f}" for share in value)
    return (f"weights: [{weights}] " if show_weights else "") + f"class: {class_names[int(value.argmax())]}"


def _depth_below(tree, node):
    """Levels of the subtree, the node's own included."""
    depth, level = 0, [node]
    while level:
        depth += 1
        children = [(tree.children_left[n], tree.children_right[n]) for n in level if tree.children_left[n] != LEAF]
        level = [child for pair in children for child in pair]
    return depth
