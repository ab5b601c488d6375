/// The version that `--version`, the status and the metrics show.
package enum BuildVersion {
    /// Semantic version of the whole tool; all processes are built and shipped together.
    package static let number = "0.1.0"
}
