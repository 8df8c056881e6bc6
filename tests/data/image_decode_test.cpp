#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "data/sample_images.h"
#include "mien/data/image.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::baseline_jpeg;
using testing::bytes_of;
using testing::from_hex;
using testing::png;
using testing::progressive_jpeg;
using Pixels = std::vector<std::uint8_t>;

Image decode(const std::string& file) {
  return decode_image(bytes_of(file));
}

std::string refusal(const std::string& file) {
  try {
    decode(file);
  } catch (const ImageError& error) {
    return error.what();
  }
  return "accepted";
}

std::string load_refusal(const std::filesystem::path& path) {
  Pixels crop(8 * 8 * 3);
  try {
    load_crop(path, 8, ResizeFilter::kBicubic, crop);
  } catch (const ImageError& error) {
    return error.what();
  }
  return "accepted";
}

/// A PNG header chunk (its checksum left zero) and nothing after it.
std::string png_header(const std::string& width_and_height) {
  return from_hex("89504E470D0A1A0A0000000D49484452" + width_and_height + "080200000000000000");
}

TEST(DecodeImage, GivesRedGreenBlueInThisOrder) {
  const Image image = decode(png());
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.pixels,
            Pixels({255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 128, 64, 32, 250, 251, 252}));
}

TEST(DecodeImage, ReadsBaselineAndProgressiveJpegs) {
  EXPECT_EQ(decode(baseline_jpeg()).width, 24);
  EXPECT_EQ(decode(progressive_jpeg()).pixels.size(), 24U * 16 * 3);
}

TEST(DecodeImage, IgnoresTheExifOrientation) {
  const Image image = decode(progressive_jpeg());
  EXPECT_EQ(image.width, 24);
  EXPECT_EQ(image.height, 16);
}

TEST(DecodeImage, NamesEmptyFilesAndOtherContents) {
  EXPECT_EQ(refusal(""), "empty file");
  EXPECT_EQ(refusal("frames of video 12\n"),
            "not a JPEG or PNG image, nor WebP, BMP, TIFF, HEIC or AVIF");
  EXPECT_EQ(refusal(std::string(5000, '\0')),
            "not a JPEG or PNG image, nor WebP, BMP, TIFF, HEIC or AVIF");
  EXPECT_EQ(refusal("GIF89a"), "a GIF image, which is not read");
}

TEST(DecodeImage, RefusesEveryShorterPieceOfAFile) {
  for (const std::string& whole : {baseline_jpeg(), progressive_jpeg(), png()}) {
    for (std::size_t length = 1; length < whole.size(); ++length) {
      EXPECT_EQ(refusal(whole.substr(0, length)), "truncated") << length;
    }
  }
}

TEST(DecodeImage, TheEndOfAPreviewIsNotTheEndOfThePicture) {
  std::string cut = baseline_jpeg();
  cut.resize(cut.size() - 20);
  ASSERT_NE(cut.find("\xFF\xD9"), std::string::npos);
  EXPECT_EQ(refusal(cut), "truncated");
}

TEST(DecodeImage, ZerosInPlaceOfTheEndAreATruncation) {
  std::string file = baseline_jpeg();
  file.replace(file.size() - 40, 40, std::string(40, '\0'));
  EXPECT_EQ(refusal(file), "truncated");
}

TEST(DecodeImage, AcceptsBytesBehindTheEnd) {
  EXPECT_EQ(decode(baseline_jpeg() + "trailing").pixels, decode(baseline_jpeg()).pixels);
  EXPECT_EQ(decode(png() + "trailing").pixels, decode(png()).pixels);
}

TEST(DecodeImage, AcceptsFillBytesBeforeAMarker) {
  std::string file = baseline_jpeg();
  file.insert(2, "\xFF\xFF");
  EXPECT_EQ(decode(file).pixels, decode(baseline_jpeg()).pixels);
}

TEST(DecodeImage, RefusesBytesBetweenTheSegmentsOfAHeader) {
  std::string file = baseline_jpeg();
  file.insert(2, "\x01\x02");
  EXPECT_NE(refusal(file), "accepted");
}

TEST(DecodeImage, RefusesAbsurdSizesBeforeAnyMemoryIsTaken) {
  EXPECT_EQ(refusal(png_header("0000753000007530")), "30000x30000 pixels, more than 178,956,970");
  EXPECT_EQ(refusal(png_header("FFFFFFFFFFFFFFFF")),
            "4294967295x4294967295 pixels, more than 178,956,970");
  EXPECT_EQ(refusal(from_hex("FFD8FFC0001108FFFFFFFF03012200021101031101")),
            "65535x65535 pixels, more than 178,956,970");
}

TEST(DecodeImage, RefusesPicturesWithoutPixels) {
  EXPECT_EQ(refusal(png_header("0000000000000010")), "damaged: no pixels");
  EXPECT_EQ(refusal(from_hex("FFD8FFD9")), "damaged: a JPEG without a picture");
}

TEST(DecodeImage, RefusesAPngWithAWrongChecksum) {
  std::string file = png();
  const std::size_t data = file.find("IDAT") + 6;
  file[data] = static_cast<char>(file[data] ^ 1);
  EXPECT_EQ(refusal(file), "damaged: wrong checksum");
}

TEST(DecodeImage, RefusesAPngThatDoesNotStartWithItsHeader) {
  std::string file = png();
  file.replace(file.find("IHDR"), 4, "iHDR");
  EXPECT_EQ(refusal(file), "damaged PNG header");
}

TEST(DecodeImage, NeverCrashesOnMutatedFiles) {
  std::mt19937 random(7);
  for (const std::string& whole : {baseline_jpeg(), progressive_jpeg(), png()}) {
    for (int round = 0; round < 700; ++round) {
      std::string file = whole;
      const unsigned changes = 1 + random() % 8;
      for (unsigned i = 0; i < changes; ++i) {
        file[2 + random() % (file.size() - 2)] = static_cast<char>(random());
      }
      if (random() % 4 == 0) file.erase(random() % file.size(), random() % 30);
      const std::string outcome = refusal(file);
      EXPECT_EQ(outcome.find('\n'), std::string::npos);
      EXPECT_LT(outcome.size(), 80U);
    }
  }
}

TEST(LoadCrop, FillsTheGivenBytes) {
  const testing::TemporaryFolder folder;
  const auto path = folder.write("00001.jpg", baseline_jpeg());
  Pixels crop(8 * 8 * 3);
  load_crop(path, 8, ResizeFilter::kBicubic, crop);
  EXPECT_EQ(crop, resize_and_crop(decode(baseline_jpeg()), 8, ResizeFilter::kBicubic).pixels);
}

TEST(LoadCrop, AVanishedFileIsAnImageError) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(load_refusal(folder.path() / "gone.jpg"), "cannot be read (No such file or directory)");
}

TEST(LoadCrop, AFolderOrAPipeIsNotAFile) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(load_refusal(folder.path()), "not a file");
  const auto pipe = folder.path() / "pipe.jpg";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(load_refusal(pipe), "not a file");
}

TEST(LoadCrop, AWrongAmountOfRoomIsABug) {
  const testing::TemporaryFolder folder;
  Pixels crop(5);
  EXPECT_THROW(load_crop(folder.write("a.png", png()), 8, ResizeFilter::kBicubic, crop),
               std::invalid_argument);
}

}  // namespace
}  // namespace mien
