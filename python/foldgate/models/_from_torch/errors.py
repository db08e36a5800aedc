"""What cannot be brought over."""


class ConversionError(ValueError):
    """Something in a PyTorch module that has no counterpart here; the message has its path.

    Example:
      >>> import torch
      >>> from foldgate.models import ConversionError, from_torch
      >>> module = torch.nn.Sequential(torch.nn.LSTM(3, 4, proj_size=2))
      >>> try:
      ...     from_torch(module, torch.zeros(1, 5, 3))
      ... except ConversionError as error:
      ...     print(error)
      from_torch: 0 (LSTM): proj_size is 2; expected 0
    """
