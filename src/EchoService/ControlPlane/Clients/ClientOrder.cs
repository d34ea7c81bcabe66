using System.Text.Json;
using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Clients;

/// <summary>An order of clients, and where in it a client is.</summary>
internal readonly record struct ClientOrder(ClientSort Sort, bool IsDescending)
{
    /// <summary>All orders, by the names that the API has for them.</summary>
    public static IReadOnlyList<(string Name, ClientOrder Order)> All { get; } =
    [
        .. from sort in Enum.GetValues<ClientSort>()
           from isDescending in (bool[])[false, true]
           select ((isDescending ? "-" : "") + JsonNamingPolicy.CamelCase.ConvertName(sort.ToString()), new ClientOrder(sort, isDescending)),
    ];

    /// <summary>
    /// Where <paramref name="connection"/> is. By age and idle time that is the moment they count from, as long as it
    /// lives, so that the position stays the same while time goes on.
    /// </summary>
    public ClientPosition PositionOf(EchoConnection connection, bool ended)
    {
        var until = ended ? connection.EndedAt : 0;
        var key = Sort switch
        {
            ClientSort.Age => until - connection.ConnectedAt,
            ClientSort.Idle => until - connection.LastActiveAt,
            ClientSort.BytesReceived => connection.BytesReceived,
            ClientSort.BytesSent => connection.BytesSent,
            ClientSort.PendingBytes => connection.PendingBytes,
            _ => connection.Id,
        };
        // Of two that came within the same millisecond, the one with the higher id is the younger.
        var id = Sort == ClientSort.Age ? -connection.Id : connection.Id;
        return IsDescending ? new ClientPosition(-key, -id) : new ClientPosition(key, id);
    }
}
