using System.Buffers;

namespace EchoService.Transport.Faults.Holds;

/// <summary>
/// <see cref="FaultKind.Corrupt"/>, <see cref="FaultKind.Drop"/> and <see cref="FaultKind.Duplicate"/>: of every so many
/// bytes the last, wherever reads begin and end.
/// </summary>
internal sealed class AlterHold(Fault fault) : Hold(fault)
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private long _untilNext = fault.Spec.EveryBytes;

    public override ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < _untilNext)
        {
            _untilNext -= bytes.Length;
            return bytes;
        }

        _output.ResetWrittenCount();
        var altered = 0;
        while (bytes.Length >= _untilNext)
        {
            var before = (int)_untilNext - 1;
            _output.Write(bytes[..before]);
            Alter(bytes[before]);
            altered++;
            bytes = bytes[(before + 1)..];
            _untilNext = Fault.Spec.EveryBytes;
        }

        _output.Write(bytes);
        _untilNext -= bytes.Length;
        Fault.CountBytes(altered);
        return _output.WrittenSpan;
    }

    private void Alter(byte one)
    {
        switch (Fault.Kind)
        {
            case FaultKind.Corrupt:
                _output.Write([(byte)~one]);
                break;
            case FaultKind.Duplicate:
                _output.Write([one, one]);
                break;
        }
    }
}
