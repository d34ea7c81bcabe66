using System.Globalization;

namespace EchoService.Transport.Accepting;

/// <summary>How many connections the operating system's limit on open files leaves room for.</summary>
internal static class DescriptorLimit
{
    /// <summary>
    /// Descriptors that connections must leave to others. The runtime holds about 250 of them (two per assembly) and
    /// ends the process when it cannot load one more; the rest is for clients of the management API.
    /// </summary>
    private const int Reserved = 512;

    /// <summary>The most connections; null where the system does not say.</summary>
    public static int? ReadConnections()
    {
        try
        {
            // The runtime raises its own soft limit to the hard one when it starts.
            return File.ReadLines("/proc/self/limits")
                .Where(line => line.StartsWith("Max open files", StringComparison.Ordinal))
                .Select(line => Connections(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]))
                .FirstOrDefault();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Where even the reserve is out of reach, half is better than nothing.
    private static int? Connections(string openFiles) =>
        int.TryParse(openFiles, CultureInfo.InvariantCulture, out var limit) ? Math.Max(1, limit - Math.Min(Reserved, limit / 2)) : null;
}
