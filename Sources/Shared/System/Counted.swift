/// A number with its noun: `1 contract`, `3 contracts`.
///
/// - Parameter plural: Where it is not the singular and an `s`.
package func counted(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? singular : plural ?? singular + "s")"
}

/// `16 MiB`, or the bytes where it is no whole number of MiB.
package func mebibytes(_ bytes: Int) -> String {
    bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : counted(bytes, "byte")
}
