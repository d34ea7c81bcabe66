using System.Globalization;
using System.Text;

namespace EchoService.IntegrationTests.Probe;

/// <summary>
/// As much of a terminal as the probe uses: it wraps what is too long, moves the cursor up, erases, and wraps again what
/// is on it when it is made narrower. An unknown sequence fails.
/// </summary>
internal sealed class Screen(int columns) : StringWriter(CultureInfo.InvariantCulture)
{
    /// <summary>Lines as they were written, each shown in as many rows as it takes.</summary>
    private readonly List<StringBuilder> _lines = [new()];

    /// <summary>Where the next character goes.</summary>
    private int _line;
    private int _column;
    private string _pending = "";

    public int Columns { get; private set; } = columns;

    /// <summary>What is on it, a line as it was written each.</summary>
    public IReadOnlyList<string> Lines => [.. _lines.Select(line => line.ToString().TrimEnd())];

    public void Narrow(int columns) => Columns = columns;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        var text = _pending + value;
        _pending = "";
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\r':
                    // To the start of the row, which is not that of the line where it is wrapped.
                    _column -= _column % Columns == 0 && _column > 0 ? Columns : _column % Columns;
                    break;
                case '\n':
                    _line++;
                    _column = 0;
                    if (_line == _lines.Count)
                    {
                        _lines.Add(new StringBuilder());
                    }

                    break;
                case '\e':
                    var end = text.AsSpan(i).IndexOfAny("AJm");
                    if (end < 0)
                    {
                        _pending = text[i..];
                        return;
                    }

                    Obey(text[i + end], text[(i + 2)..(i + end)]);
                    i += end;
                    break;
                default:
                    Put(text[i]);
                    break;
            }
        }
    }

    public override void WriteLine() => Write("\n");

    private void Put(char character)
    {
        var line = _lines[_line];
        if (_column < line.Length)
        {
            line[_column] = character;
        }
        else
        {
            line.Append(' ', _column - line.Length).Append(character);
        }

        _column++;
    }

    private void Obey(char command, string parameter)
    {
        switch (command)
        {
            case 'm':
                return;
            case 'A':
                for (var up = int.Parse(parameter, CultureInfo.InvariantCulture); up > 0; up--)
                {
                    if (_column >= Columns)
                    {
                        _column -= Columns;
                    }
                    else
                    {
                        _line--;
                        _column += RowsOf(_line) * Columns - Columns;
                    }
                }

                return;
            case 'J':
                _lines.RemoveRange(_line + 1, _lines.Count - _line - 1);
                _lines[_line].Length = Math.Min(_lines[_line].Length, _column);
                return;
            default:
                throw new InvalidOperationException($"Sequence {command}");
        }
    }

    private int RowsOf(int line) => Math.Max(1, (_lines[line].Length + Columns - 1) / Columns);
}
