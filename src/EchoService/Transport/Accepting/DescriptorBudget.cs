using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EchoService.Transport.Accepting;

/// <summary>How the two planes share the file descriptors that the operating system allows the process.</summary>
/// <param name="Connections">The most clients of the echo plane.</param>
/// <param name="Management">The most clients of the management API.</param>
internal sealed record DescriptorBudget(int Connections, int Management)
{
    /// <summary>Fewer clients than this are no service: it is said at the start instead.</summary>
    private const int FewestConnections = 16;

    /// <summary>Room for probes, a scrape and somebody who looks.</summary>
    private const int FewestManagement = 8;

    /// <summary>Where descriptors are short, the management API gets one of this many.</summary>
    private const int ManagementShare = 4;

    /// <summary>Socket threads beyond which it counts how many there are.</summary>
    private const int ManySocketThreads = 16;

    /// <summary>
    /// What the process itself may come to hold, <see cref="DescriptorReserve"/> of one listener included. Measured
    /// with every endpoint asked: 290, since the runtime holds two for each assembly; compiled ahead of time, 54 with
    /// every place of both planes taken.
    /// It ends the process when it cannot load one more. Each socket thread has two, its epoll instance and its
    /// turnstile's bell, for which there is room while they are <see cref="ManySocketThreads"/> at most.
    /// </summary>
    /// <remarks>Only a host that loads assemblies says where they are; a feature switch would speak of how it will be published.</remarks>
    private static int Own(int socketThreads) =>
        (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is not null ? 352 : 128) + (2 * Math.Max(0, socketThreads - ManySocketThreads));

    /// <summary>
    /// Whether there are too few descriptors to start with, which it says on standard error. To be asked before
    /// anything else: it loads next to nothing, where loading may already be the end of the process.
    /// </summary>
    public static bool AreTooFew()
    {
        var fewest = Own(InlineCompletions.ThreadCount) + FewestManagement + FewestConnections;
        if (ReadLimit() is not { } limit || limit >= fewest)
        {
            return false;
        }

        using var standardError = new FileStream(new SafeFileHandle(2, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        standardError.Write(Encoding.UTF8.GetBytes($"open files = \"{limit}\": must be {fewest} at least; see ulimit -n, LimitNOFILE or the container's nofile\n"));
        return true;
    }

    /// <summary>Shares out <paramref name="descriptors"/>.</summary>
    /// <param name="descriptors">The limit on open files, which <see cref="AreTooFew"/> has looked at; null: there is none that is known.</param>
    /// <param name="echo">The most clients of the echo plane that are wanted, and what it listens with.</param>
    /// <param name="management">The most clients of the management API that are wanted.</param>
    /// <param name="socketThreads">How many socket threads the runtime has.</param>
    public static DescriptorBudget Share(int? descriptors, EchoOptions echo, int management, int socketThreads)
    {
        if (descriptors is not { } limit)
        {
            return new DescriptorBudget(echo.MaxConnections, management);
        }

        // A second listener is a socket, and accepts that may take one each.
        var free = limit - Own(socketThreads) - (echo.BannerPort is null ? 0 : 1 + echo.PendingAccepts);
        var forManagement = Math.Min(management, Math.Max(FewestManagement, free / ManagementShare));
        return new DescriptorBudget(Math.Max(1, Math.Min(echo.MaxConnections, free - forManagement)), forManagement);
    }

    /// <summary>The process's limit on open files; null where the system does not say.</summary>
    public static int? ReadLimit()
    {
        try
        {
            // The runtime raises its own soft limit to the hard one when it starts.
            foreach (var line in File.ReadLines("/proc/self/limits"))
            {
                if (line.StartsWith("Max open files", StringComparison.Ordinal))
                {
                    var soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
                    return int.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : null;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No Linux.
        }

        return null;
    }
}
