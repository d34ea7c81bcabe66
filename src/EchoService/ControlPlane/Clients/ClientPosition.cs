using System.Buffers.Binary;
using System.Buffers.Text;

namespace EchoService.ControlPlane.Clients;

/// <summary>A client's place in a <see cref="ClientOrder"/>: what it is sorted by, then its id; negative where the order is turned round.</summary>
internal readonly record struct ClientPosition(long Key, long Id) : IComparable<ClientPosition>
{
    private const int CursorSize = 1 + sizeof(long) + sizeof(long);

    /// <summary>Reads a cursor. Any 17 bytes are some position, which is all that it can be used for.</summary>
    /// <returns>False for what is no cursor, or one of another order.</returns>
    public static bool TryParseCursor(string cursor, ClientOrder order, out ClientPosition position)
    {
        Span<byte> bytes = stackalloc byte[CursorSize];
        position = default;
        if (!Base64Url.IsValid(cursor, out var length) || length != CursorSize
            || !Base64Url.TryDecodeFromChars(cursor, bytes, out _) || bytes[0] != Tag(order))
        {
            return false;
        }

        position = new ClientPosition(BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadInt64BigEndian(bytes[(1 + sizeof(long))..]));
        return true;
    }

    /// <summary>A text by which a later request says that it wants to go on from here.</summary>
    public string ToCursor(ClientOrder order)
    {
        Span<byte> bytes = stackalloc byte[CursorSize];
        bytes[0] = Tag(order);
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], Key);
        BinaryPrimitives.WriteInt64BigEndian(bytes[(1 + sizeof(long))..], Id);
        return Base64Url.EncodeToString(bytes);
    }

    public int CompareTo(ClientPosition other) => Key != other.Key ? Key.CompareTo(other.Key) : Id.CompareTo(other.Id);

    private static byte Tag(ClientOrder order) => (byte)(((int)order.Sort * 2) + (order.IsDescending ? 1 : 0));
}
