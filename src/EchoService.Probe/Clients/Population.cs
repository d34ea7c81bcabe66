namespace EchoService.Probe.Clients;

/// <summary>Two kinds of clients, for a server treats them apart: a drain closes the held ones, a closed listener meets the new ones.</summary>
internal enum Population
{
    /// <summary>Connections held open, made again when they end.</summary>
    Held,

    /// <summary>A connection for each message.</summary>
    New,
}
