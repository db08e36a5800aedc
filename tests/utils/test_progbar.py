"""Progress of loops of one's own, and batches taken apart."""

from __future__ import annotations

import pytest

from foldgate import utils


def test_means_and_values_as_they_are(capsys):
    bar = utils.Progbar(4, verbose=2, stateful_metrics=["accuracy"], unit_name="batch")
    for loss, accuracy in ((4.0, 0.25), (2.0, 0.5), (2.0, 0.5)):
        bar.add(1, [("loss", loss), ("accuracy", accuracy)])
    assert not capsys.readouterr().out
    bar.update(4, [("loss", 0.0), ("accuracy", 0.75)])
    out = capsys.readouterr().out
    assert out.startswith("4/4 - 0s - ")
    assert "/batch - loss: 2.0000 - accuracy: 0.7500" in out


def test_a_bar(capsys):
    pytest.importorskip("rich")
    bar = utils.Progbar(2, width=7, stateless_metrics=["loss"])
    bar.add(1, [("loss", 1.0), ("rate", 0.5)])
    bar.add(1, [("loss", 2.0), ("rate", 0.25)])
    out = capsys.readouterr().out
    assert "2/2 ━━━━━━━ 0s" in out
    assert "loss: 1.5000 - rate: 0.2500" in out


def test_wrong_use():
    with pytest.raises(ValueError, match="Progbar: width is 0; expected"):
        utils.Progbar(2, width=0)
    with pytest.raises(ValueError, match="stateful_metrics and stateless_metrics are given"):
        utils.Progbar(2, stateful_metrics=[], stateless_metrics=[])
    with pytest.raises(ValueError, match="data has 4 parts; expected one to three"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_batches():
    assert utils.unpack_x_y_sample_weight(1) == (1, None, None)
    assert utils.unpack_x_y_sample_weight((1,)) == (1, None, None)
    assert utils.unpack_x_y_sample_weight([1, 2, 3]) == (1, 2, 3)
    assert utils.pack_x_y_sample_weight(1) == 1
    assert utils.pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    assert utils.pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
