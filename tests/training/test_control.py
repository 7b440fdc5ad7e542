import threading

from tuitrain.training.control import Control


def test_nothing_is_asked_at_first():
    control = Control()
    assert not control.attention
    orders = control.take()
    assert orders.go
    assert not orders.single


def test_steps_are_used_up_one_by_one_and_then_it_rests():
    control = Control()
    control.step(2)
    control.step()
    assert [control.take().go for _ in range(5)] == [True, True, True, False, False]
    assert control.attention
    control.resume()
    assert control.take().go
    assert not control.attention


def test_what_is_asked_once_is_done_once_and_a_stop_stays():
    control = Control()
    control.checkpoint()
    control.set_lr(0.5)
    control.stop("first")
    control.stop("second")
    orders = control.take()
    assert (orders.checkpoint, orders.lr, orders.stop) == (True, 0.5, "first")
    orders = control.take()
    assert (orders.checkpoint, orders.lr, orders.stop) == (False, None, "first")
    assert control.attention


def test_waiting_ends_with_a_request_even_if_it_came_before():
    control = Control()
    control.pause()
    control.take()
    control.checkpoint()
    control.wait()
    control.take()
    waiter = threading.Thread(target=control.wait)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    control.resume()
    waiter.join(10)
    assert not waiter.is_alive()
