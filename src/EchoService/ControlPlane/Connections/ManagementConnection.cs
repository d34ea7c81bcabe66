using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace EchoService.ControlPlane.Connections;

/// <summary>
/// A client of the management API: Kestrel's own connection, which tells <see cref="ManagementConnections"/> when it is
/// over. It is one of its own features, so that a request finds the connection it came on.
/// </summary>
internal sealed class ManagementConnection : ConnectionContext
{
    private readonly ConnectionContext _connection;
    private readonly ManagementConnections _all;

    public ManagementConnection(ConnectionContext connection, ManagementConnections all)
    {
        _connection = connection;
        _all = all;
        Node = new LinkedListNode<ManagementConnection>(this);
        connection.Features.Set(this);
    }

    /// <summary>Its place in the order of those that give way. <see cref="ManagementConnections"/>' own, as are the next three.</summary>
    public LinkedListNode<ManagementConnection> Node { get; }

    /// <summary>When it came to that place, as a timestamp.</summary>
    public long Since { get; set; }

    /// <summary>Requests that are being answered on it: more than one over HTTP/2.</summary>
    public int Requests { get; set; }

    /// <summary>Of these, the ones for <c>/events</c>.</summary>
    public int EventStreams { get; set; }

    public override string ConnectionId
    {
        get => _connection.ConnectionId;
        set => _connection.ConnectionId = value;
    }

    public override IFeatureCollection Features => _connection.Features;

    public override IDictionary<object, object?> Items
    {
        get => _connection.Items;
        set => _connection.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _connection.Transport;
        set => _connection.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _connection.ConnectionClosed;
        set => _connection.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _connection.LocalEndPoint;
        set => _connection.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _connection.RemoteEndPoint;
        set => _connection.RemoteEndPoint = value;
    }

    public override void Abort() => _connection.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _connection.DisposeAsync();
        }
        finally
        {
            _all.Remove(this);
            await base.DisposeAsync();
        }
    }
}
