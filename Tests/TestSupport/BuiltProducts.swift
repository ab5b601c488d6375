internal import Glibc

/// Where the executables of this package are, so that tests run the real binaries.
package enum BuiltProducts {
    /// The variable that points tests at other binaries, for example release ones: an absolute directory.
    package static let directoryVariable = "PMM_PRODUCTS_DIRECTORY"

    /// The directory with the built executables: `PMM_PRODUCTS_DIRECTORY`, else the one the test runner itself is in.
    ///
    /// On Linux SwiftPM links the tests into one executable in the build directory, beside the products.
    package static var directory: String {
        if let chosen = getenv(directoryVariable).map({ String(cString: $0) }), !chosen.isEmpty { return chosen }
        return runnerDirectory
    }

    /// Other programs than the ones beside the tests were chosen: release ones.
    package static var areChosen: Bool { directory != runnerDirectory }

    /// Where the test runner is, and with it the programs that only tests use.
    private static var runnerDirectory: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[0..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }

    /// The absolute path of a product, for example `local-broker`.
    ///
    /// - Throws: ``TestSupportError/missingProduct`` with the command that builds it.
    package static func path(_ product: String) throws -> String {
        let path = "\(directory)/\(product)"
        guard access(path, X_OK) == 0 else { throw TestSupportError.missingProduct(path: path) }
        return path
    }

    /// The optimised build of a program that only tests use, if other products were chosen and it is among them.
    package static func optimizedTestDouble(_ target: String) -> String? {
        let path = "\(directory)/\(target)"
        return areChosen && access(path, X_OK) == 0 ? path : nil
    }

    /// The absolute path of a program that only tests use; always the one built with the tests.
    package static func testDouble(_ target: String) throws -> String {
        let path = "\(runnerDirectory)/\(target)"
        guard access(path, X_OK) == 0 else { throw TestSupportError.missingProduct(path: path) }
        return path
    }
}
