internal import Glibc

/// Calls `body` with a NULL-terminated array of C strings.
func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) }
    pointers.append(nil)
    defer {
        for pointer in pointers { free(pointer) }
    }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}

/// `NAME=value` of this process, to be passed on.
var ownEnvironment: [String] {
    var result: [String] = []
    var next = environ
    while let entry = next.pointee {
        result.append(String(cString: entry))
        next += 1
    }
    return result
}
