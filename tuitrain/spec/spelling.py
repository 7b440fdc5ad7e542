"""Which known words are probably meant by one that is not known."""

import difflib
from collections.abc import Mapping, Sequence

MOST = 3
"""How many words are named at most."""
LIKE = 0.6
"""The least likeness of a word that is named: from 0, nothing in common, to 1."""
AS_LIKE = 0.05
"""Words that are so much less like than the likest are named with it."""


def nearest(word: str, known: Sequence[str]) -> str:
    """The known words that are probably meant, and else all that are known."""
    meant = likely(word, known)
    return did_you_mean(meant) if meant else f"known: {', '.join(known)}"


def likely(word: str, known: Sequence[str], like: float = LIKE) -> list[str]:
    """The known words for what is called `word` elsewhere, or else those spelt most like it; at most three."""
    plain = _plain(word)
    if called := [one for one in OURS.get(plain, ()) if one in known]:
        return called[:MOST]
    by_spelling = {_plain(one): one for one in known}
    close = difflib.get_close_matches(plain, by_spelling, n=MOST, cutoff=like)
    if not close:
        return []
    likeness = {one: difflib.SequenceMatcher(None, one, plain).ratio() for one in close}
    return [name for one, name in by_spelling.items() if likeness.get(one, 0) >= likeness[close[0]] - AS_LIKE]


def did_you_mean(words: Sequence[str]) -> str:
    """The question whether one of these was meant."""
    return f"did you mean {either([repr(word) for word in words])}?"


def either(words: Sequence[str]) -> str:
    """``a, b or c``."""
    *before, last = words
    return f"{', '.join(before)} or {last}" if before else last


def _plain(word: str) -> str:
    """A word without what people mix up in it."""
    return word.strip().lower().replace("-", "_").replace(" ", "_")


_CALLED_ELSEWHERE = {
    # the optimizer and its schedule
    "lr": "learning_rate learningrate learn_rate lr0 base_lr initial_lr initial_learning_rate eta eta0 step_size",
    "optimizer": "opt optim optimiser solver",
    "momentum": "mu",
    "weight_decay": "wd decay l2_penalty",
    "beta_1": "beta1 betas",
    "beta_2": "beta2",
    "rho": "alpha smoothing",
    "epsilon": "eps fuzz_factor",
    "schedule": "scheduler lr_scheduler lr_schedule learning_rate_schedule lr_policy annealing",
    "warmup": "warmup_steps warmup_epochs warm_up num_warmup_steps",
    "decay": "decay_rate",
    "over": "decay_steps t_max",
    "min_lr": "eta_min",
    "boundaries": "milestones",
    "clipping": "clip clip_grad grad_clip gradient_clipping clipnorm clipvalue global_clipnorm",
    "norm": "max_norm clipnorm",
    # training
    "epochs": "epoch num_epochs n_epochs nb_epoch max_epochs n_iter max_iter",
    "batch_size": "batchsize batch bs minibatch_size mini_batch_size",
    "seed": "random_state random_seed rng manual_seed",
    "threads": "num_threads n_threads n_jobs cpus",
    "loss": "criterion loss_fn loss_function objective cost",
    "observe": "log_every logging",
    "callbacks": "callback",
    "patience": "n_iter_no_change",
    "min_delta": "tol threshold",
    "restore_best": "restore_best_weights",
    # data
    "data": "dataset train_data training_data",
    "validation": "validation_split val_split validation_data val valid test_size validation_fraction",
    "standardize": "normalize normalization normalisation standardise scaling scaler preprocessing",
    "augment": "augmentation transform transforms",
    "limit": "max_samples subset n_train",
    "only_classes": "classes labels",
    "samples": "n_samples num_samples",
    "target": "label target_column y",
    "separator": "sep delimiter",
    # layers
    "model": "network net architecture",
    "layers": "hidden_layers hidden_layer_sizes modules",
    "units": "hidden hidden_size hidden_dim hidden_units neurons nodes n_units num_units out_features width size",
    "activation": "act activation_fn activation_function nonlinearity act_fn",
    "init": "initializer initialiser kernel_initializer weight_init weights_init initialization",
    "bias_init": "bias_initializer",
    "regularizer": "kernel_regularizer regularisation regularization penalty",
    "max_norm": "kernel_constraint constraint",
    "bias": "use_bias",
    "filters": "out_channels num_filters n_filters channels features",
    "kernel_size": "kernel filter_size k",
    "stride": "strides",
    "padding": "pad",
    "pool_size": "pool",
    "rate": "dropout_rate dropout drop p prob keep_prob",
    "repeat": "repeats times n_layers num_layers depth",
    "negative_slope": "slope leak alpha",
    "shape": "target_shape",
    # types
    "dense": "linear fc fully_connected affine",
    "conv2d": "conv convolution conv_2d convolution2d",
    "max_pool2d": "maxpool maxpool2d maxpooling2d max_pooling2d max_pool pool",
    "avg_pool2d": "avgpool avgpool2d averagepooling2d average_pooling2d avg_pool",
    "global_avg_pool2d": "gap globalaveragepooling2d global_average_pooling2d adaptive_avg_pool2d",
    "batch_norm": "bn batchnorm batchnorm1d batchnorm2d batch_normalization",
    "layer_norm": "ln layernorm layer_normalization",
    "simple_rnn": "rnn",
    "residual": "skip skip_connection shortcut resnet_block",
    "cross_entropy": "ce nll crossentropy categorical_crossentropy sparse_categorical_crossentropy log_loss",
    "binary_cross_entropy": "bce binary_crossentropy bce_with_logits sigmoid_cross_entropy",
    "mse": "l2_loss mean_squared_error squared_error",
    "mae": "l1_loss mean_absolute_error absolute_error",
    "huber": "smooth_l1",
    "he_normal": "kaiming kaiming_normal he msra",
    "he_uniform": "kaiming_uniform",
    "glorot_normal": "xavier xavier_normal",
    "glorot_uniform": "xavier_uniform glorot",
    "lecun_normal": "lecun",
    "silu": "swish",
    "sigmoid": "logistic",
    "fashion_mnist": "fashion",
    "mnist": "digits784",
    "cosine": "cosine_annealing cosineannealinglr cosine_decay",
    "exponential": "exponential_decay exponentiallr",
    "step": "step_decay steplr",
    "piecewise_constant": "multistep multisteplr piecewise",
    "one_cycle": "onecyclelr 1cycle",
    "performance": "reduce_lr_on_plateau plateau reducelronplateau",
    "cyclic": "cycliclr triangular",
    "by_norm": "clipnorm",
    "by_global_norm": "global_clipnorm clip_grad_norm grad_norm",
    "by_value": "clipvalue clip_grad_value",
    "checkpoint": "model_checkpoint",
    "early_stopping": "earlystopping",
    "swa": "stochastic_weight_averaging stochasticweightaveraging averagedmodel",
}
"""What other frameworks and the command lines of training scripts call a key or a type: only for hints."""


def _turned_around(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    ours: dict[str, tuple[str, ...]] = {}
    for name, others in words.items():
        for other in others.split():
            ours[other] = (*ours.get(other, ()), name)
    return ours


OURS = _turned_around(_CALLED_ELSEWHERE)
"""The names here of what is called so elsewhere."""
