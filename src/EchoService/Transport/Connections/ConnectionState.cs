namespace EchoService.Transport.Connections;

/// <summary>Where a connection is in its life, as seen from outside.</summary>
internal enum ConnectionState
{
    /// <summary>Bytes are received and echoed.</summary>
    Open,

    /// <summary>A close was asked for and has not come to its end.</summary>
    Closing,

    /// <summary>Gone; kept for a while so that people can see why.</summary>
    Closed,
}
