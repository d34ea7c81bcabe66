using System.Net.Sockets;

namespace EchoService.Transport.Connections;

/// <summary>
/// The pooled event args of a connection. A connection has one operation outstanding at a time, so one object serves
/// its receives and its sends alike.
/// </summary>
internal sealed class ConnectionEventArgs() : SocketAsyncEventArgs(true)
{
    /// <summary>The connection that has rented this object; null while it is in the pool.</summary>
    public EchoLoop? Connection { get; set; }

    // Overridden instead of handling Completed: a virtual call, and nobody else can subscribe.
    protected override void OnCompleted(SocketAsyncEventArgs e) => Connection!.OnOperationCompleted();
}
