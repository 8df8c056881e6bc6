// Labels that name images, brought to the numbers that a bank has for them.
#pragma once

#include <vector>

#include "mien/bank/bank.h"
#include "mien/data/labels.h"

namespace mien {

/// Gives rows that are known by file names the frame numbers of the bank: by the names that it
/// keeps of images that are no film, else by the digits that end a name. An image that the bank
/// does not know gets a number behind all others, so that it counts as one without an embedding.
/// Rows are in the order of the numbers then. Rows of no folder belong to the bank's only video;
/// throws InputError when it has several.
void number_images(std::vector<LabelSet>& labels, const Bank& bank);

}  // namespace mien
