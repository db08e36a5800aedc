# cython: language_level=3, binding=True
"""The tape: what is computed from watched tensors is recorded as a graph of nodes, and walked back for
gradients.

A `Tensor` holds its array and its node. A node holds the nodes of its operands, never the tensors
themselves, and what its gradient reads; so an array lives as long as somebody reads it, and a result that is
dropped takes its record with it. A node carries the marks of the tapes that recorded it: the tape holds no
list, and no cycle forms.

The parts: `_tape_state.pxi` (which tapes record in this thread), `_tape_nodes.pxi` (the graph),
`_tape_tensor.pxi` and `_tape_variable.pxi` (Tensor and Variable), `_tape_record.pxi` (how a call of NumPy becomes a
node), `_tape_ops.pxi` (how one of `foldgate.ops` does), `_tape_known.pxi` (how one of convolution or a product
does), `_tape_walk.pxi` (the walk back), `_tape_gradient.pxi` (GradientTape), `_tape_arrays.pxi` and
`_tape_nests.pxi` (what is read of arrays, and of nests of them). The gradients of NumPy's functions are
`foldgate._rules`, in recordable NumPy.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF

import numpy as np

cdef object ndarray = np.ndarray
cdef object asarray = np.asarray
cdef object empty = np.empty
cdef object np_add = np.add

include "_numpy_fields.pxi"
include "_tape_arrays.pxi"
include "_tape_nests.pxi"
include "_tape_state.pxi"
include "_tape_nodes.pxi"
include "_tape_tensor.pxi"
include "_tape_variable.pxi"
include "_tape_record.pxi"
include "_tape_ops.pxi"
include "_tape_known.pxi"
include "_tape_walk.pxi"
include "_tape_gradient.pxi"
