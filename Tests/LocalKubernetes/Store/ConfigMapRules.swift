import Shared

/// What the API demands of a ConfigMap, with its words (recordings 13 to 15).
enum ConfigMapRules {
    /// Of all values together, decoded.
    static let maximumBytes = 1_048_576
    static let maximumAnnotationBytes = 262_144

    /// - Throws: ``APIStatus`` 422.
    static func check(_ map: ConfigMap) throws(APIStatus) {
        var causes: [APIStatus.Cause] = []
        let annotationBytes = map.annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if annotationBytes > maximumAnnotationBytes {
            causes.append(tooLong("metadata.annotations", maximumAnnotationBytes))
        }
        for key in map.data.keys.sorted() {
            causes += complaints(key).map { invalid("data", key, $0) }
            if map.binaryData[key] != nil {
                causes.append(invalid("data", key, "duplicate of key present in binaryData"))
            }
        }
        for key in map.binaryData.keys.sorted() { causes += complaints(key).map { invalid("binaryData", key, $0) } }
        let texts = map.data.values.reduce(0) { $0 + $1.utf8.count }
        let bytes = map.binaryData.values.reduce(0) { $0 + (Base64.decode($1.utf8.filter { $0 > 32 })?.count ?? 0) }
        if texts + bytes > maximumBytes { causes.append(tooLong("[]", maximumBytes)) }
        if !causes.isEmpty { throw .invalid(kind: "ConfigMap", name: map.name, causes: causes) }
    }

    /// - Throws: ``APIStatus`` 422 for a change of what `immutable` protects.
    static func check(change old: ConfigMap, to new: ConfigMap) throws(APIStatus) {
        guard old.immutable == true else { return }
        var fields: [String] = []
        if new.immutable != true { fields.append("immutable") }
        if old.data != new.data { fields.append("data") }
        if old.binaryData != new.binaryData { fields.append("binaryData") }
        if fields.isEmpty { return }
        let causes = fields.map { field in
            APIStatus.Cause(
                reason: "FieldValueForbidden",
                message: "Forbidden: field is immutable when `immutable` is set",
                field: field
            )
        }
        throw .invalid(kind: "ConfigMap", name: old.name, causes: causes)
    }

    /// What is wrong with a key.
    private static func complaints(_ key: String) -> [String] {
        var result: [String] = []
        if key.utf8.count > 253 { result.append("must be no more than 253 bytes") }
        let isLegal = { (byte: UInt8) in byte.isASCIILetterOrDigit || "-._".utf8.contains(byte) }
        if key.isEmpty || !key.utf8.allSatisfy(isLegal) {
            result.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                    + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )
        }
        if key == "." || key == ".." {
            result.append("must not be '\(key)'")
        } else if key.hasPrefix("..") {
            result.append("must not start with '..'")
        }
        return result
    }

    private static func invalid(_ field: String, _ key: String, _ text: String) -> APIStatus.Cause {
        let message = "Invalid value: \"\(key)\": \(text)"
        return APIStatus.Cause(reason: "FieldValueInvalid", message: message, field: "\(field)[\(key)]")
    }

    private static func tooLong(_ field: String, _ limit: Int) -> APIStatus.Cause {
        let message = "Too long: may not be more than \(limit) bytes"
        return APIStatus.Cause(reason: "FieldValueTooLong", message: message, field: field)
    }
}
