// Values from YAML into declared fields, with the source named in every complaint.
#pragma once

#include <yaml-cpp/yaml.h>

#include <set>
#include <string>

#include "mien/config/fields.h"

namespace mien {

struct Fields::Source {
  std::string place;       ///< "configs/joint.yaml:12", or empty for the command line
  std::string given = {};  ///< the older spelling of the key that stands there; else empty

  /// "configs/joint.yaml:12: sam.rho" or "sam.rho".
  std::string what(const std::string& key) const;
};

class Fields::Reader {
 public:
  explicit Reader(Fields& fields) : fields_(fields) {}

  /// A mapping of the file: each leaf is a key, prefixed with the groups it lies in.
  void read_mapping(const YAML::Node& node, const std::string& prefix, const std::string& file);

  /// A mapping whose leaves are lists of values for one key each.
  void read_axes(const YAML::Node& node, const std::string& prefix, const std::string& file,
                 std::vector<GridAxis>& axes);

  /// One value for one key.
  void read_value(const std::string& key, const YAML::Node& node, const Source& source);

 private:
  void assign(Field& field, bool& value, const YAML::Node& node, const Source& source) const;
  void assign(Field& field, std::int64_t& value, const YAML::Node& node,
              const Source& source) const;
  void assign(Field& field, double& value, const YAML::Node& node, const Source& source) const;
  void assign(Field& field, std::string& value, const YAML::Node& node, const Source& source) const;
  void assign(Field& field, const Codec& value, const YAML::Node& node, const Source& source) const;
  template <class Item>
  void assign(Field& field, std::vector<Item>& values, const YAML::Node& node,
              const Source& source) const;

  bool is_group(const std::string& key) const;

  Fields& fields_;
  std::set<std::string> seen_;
};

}  // namespace mien
