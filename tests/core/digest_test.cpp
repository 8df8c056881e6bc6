#include "mien/core/digest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "expectations.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

// The examples of FIPS 180-2, appendix B, and NIST's for the empty message.
constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kTwoBlocks =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr const char* kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256_of_text(""), kEmpty);
  EXPECT_EQ(sha256_of_text("abc"), kAbc);
  EXPECT_EQ(sha256_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), kTwoBlocks);
  EXPECT_EQ(sha256_of_text(std::string(1'000'000, 'a')), kMillion);
}

TEST(Sha256Test, DoesNotDependOnHowTheTextIsCut) {
  const std::string text(1'000'000, 'a');
  for (const std::size_t piece : {1009UL, 63UL, 64UL, 700'001UL}) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      digest.update(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(digest.hex(), kMillion) << piece;
  }
}

TEST(Sha256Test, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  EXPECT_EQ(sha256_of_file(folder.write("empty", "")), kEmpty);
  EXPECT_EQ(sha256_of_file(folder.write("abc", "abc")), kAbc);
  const std::string large(3 * (1 << 20) + 17, '\0');
  EXPECT_EQ(sha256_of_file(folder.write("large", large)), sha256_of_text(large));
}

TEST(Sha256Test, RefusesAFileThatIsNotThere) {
  EXPECT_TRUE(
      contains(refusal_of([] { sha256_of_file("/nowhere/f"); }), "file = /nowhere/f: cannot be"));
}

TEST(Sha256Test, RefusesAFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(contains(refusal_of([&] { sha256_of_file(folder.path()); }),
                       "file = " + folder.path().string() + ": expected a file, this is a folder"));
}

}  // namespace
}  // namespace mien
