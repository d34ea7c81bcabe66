using System.Runtime.CompilerServices;
using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Clients;

/// <summary>Which connections were shed by a call that named a share, and which share. The data plane knows nothing of it.</summary>
internal static class Shedding
{
    // Goes with the connection.
    private static readonly ConditionalWeakTable<EchoConnection, object> Shares = [];

    public static void Note(ReadOnlySpan<EchoConnection> chosen, double percent)
    {
        object share = percent;
        foreach (var connection in chosen)
        {
            Shares.AddOrUpdate(connection, share);
        }
    }

    /// <summary>The share of the call that closed it, in percent; null: no such call did.</summary>
    public static double? ShareOf(EchoConnection connection) =>
        connection.CloseReason == CloseReason.Admin && Shares.TryGetValue(connection, out var share) ? (double)share : null;
}
