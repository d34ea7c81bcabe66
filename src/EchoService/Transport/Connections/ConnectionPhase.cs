namespace EchoService.Transport.Connections;

/// <summary>Where a connection stands, as its loop and those who close it see it. The order counts: see <see cref="CloseState"/>.</summary>
internal enum ConnectionPhase
{
    /// <summary>Nothing in hand: who asks for a close sends the FIN himself.</summary>
    Receiving,

    /// <summary>Bytes in hand.</summary>
    Echoing,

    /// <summary>As <see cref="Receiving"/>, before the first: the PROXY header is not complete yet.</summary>
    ReadingHeader,

    /// <summary>Bytes in hand, and a close was asked for: the loop sends the FIN after them.</summary>
    Finishing,

    /// <summary>Our FIN is out, or about to be: what still comes is read and discarded.</summary>
    Closing,

    /// <summary>The socket was dropped from outside: the loop ends as soon as it notices.</summary>
    Aborted,

    /// <summary>Over.</summary>
    Ended,
}
