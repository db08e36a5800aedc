"""What cannot be brought over."""


class ConversionError(ValueError):
    """Something in a PyTorch module that has no counterpart here; the message has its path.

    Example:
      >>> import torch
      >>> from foldgate.models import ConversionError, from_torch
      >>> module = torch.nn.Sequential(torch.nn.MaxUnpool1d(2))
      >>> try:
      ...     from_torch(module, torch.zeros(1, 3, 5))
      ... except ConversionError as error:
      ...     print(error)
      from_torch: 0 (MaxUnpool1d): this module has no counterpart here
    """
