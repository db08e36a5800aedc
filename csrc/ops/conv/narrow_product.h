// The engine of 1 x 1 convolutions to up to three channels over whole channels_last images, such as the last layer of a
// U-Net: a row of the matrix product is a pixel, and the lanes of a vector are pixels too. Weights are read in place.
#pragma once
#include "ops/conv/tap_gemm.h"

namespace foldgate {

template <class T>
bool narrow_product_suits(const TapGemm<T>& problem);

template <class T>
void narrow_product(const TapGemm<T>& problem);

}  // namespace foldgate
