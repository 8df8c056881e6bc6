# Everything but PyTorch, found where the system or the user has it (CMAKE_PREFIX_PATH).
# On Debian and Ubuntu scripts/build.sh installs the packages named on the right.
include(third_party/opencv.cmake)              # libopencv-{imgcodecs,objdetect}-dev
find_package(nlohmann_json 3.9 REQUIRED)                         # nlohmann-json3-dev
find_package(CLI11 2.1 REQUIRED)                                 # libcli11-dev
find_package(spdlog 1.10 REQUIRED)                               # libspdlog-dev
find_package(yaml-cpp 0.7 REQUIRED)                              # libyaml-cpp-dev
find_package(TBB REQUIRED)                                       # libtbb-dev
find_package(OpenSSL REQUIRED COMPONENTS Crypto)                 # libssl-dev
find_package(Boost 1.71 CONFIG REQUIRED)                         # libboost-dev
find_package(LibArchive 3.4 REQUIRED)                           # libarchive-dev
find_package(JPEG REQUIRED)                                      # libjpeg-dev
find_path(MIEN_HEIF_INCLUDE libheif/heif.h)                      # libheif-dev; without it HEIC and
find_library(MIEN_HEIF heif)                                     # AVIF images are not read
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)                                 # pkg-config
pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET                # libav{format,codec,util}-dev
                  libavformat libavcodec libavutil libswscale)   # libswscale-dev
if(MIEN_BUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)                              # libgtest-dev
endif()
