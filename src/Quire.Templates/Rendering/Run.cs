using System.Runtime.CompilerServices;
using System.Text;
using Quire.Templates.Values;

namespace Quire.Templates.Rendering;

/// <summary>One render in progress: its output, its outermost scope and what is left of its budget.</summary>
internal sealed class Run(Scope top, DateTime now)
{
    private readonly Stack<StringBuilder> captures = new();
    private StringBuilder output = new();
    private long work = Limits.Work;
    private long text = Limits.Text;
    private int calls;
    private int generators;

    public Scope Top { get; } = top;

    public DateTime Now { get; } = now;

    /// <summary>The line of the statement that runs, for error messages.</summary>
    public int Line { get; set; }

    /// <summary>Whether printed strings are HTML-escaped: only inside <c>{% autoescape true %}</c>.</summary>
    public bool AutoEscape { get; set; }

    /// <summary>Whether a print statement of constants runs: Jinja folds those with lookups that do not raise, so that a slice of what has none is undefined.</summary>
    public bool IsFolding { get; set; }

    public Random Random => field ??= new Random(0);

    public string Result => output.ToString();

    public void Write(string piece)
    {
        if (output.Length + piece.Length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
        ChargeText(piece.Length);
        output.Append(piece);
    }

    /// <summary>Sends what is written to a text of its own until <see cref="EndCapture"/>.</summary>
    public void BeginCapture()
    {
        captures.Push(output);
        output = new StringBuilder();
    }

    public string EndCapture()
    {
        string captured = output.ToString();
        output = captures.Pop();
        return captured;
    }

    /// <summary>Pays for a step that looks at this many items.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Charge(long steps)
    {
        if ((work -= steps) < 0) throw Errors.TooMuch("work for one render");
    }

    /// <summary>Pays for a string of this length before it is made.</summary>
    public void ChargeText(long length)
    {
        if (length > Limits.StringLength) throw Errors.TooMuch($"{Limits.StringLength} characters in one text");
        if ((text -= length) < 0) throw Errors.TooMuch("text made in one render");
        Charge(1 + length / 16);
    }

    /// <summary>Pays for looking for one text in another: in the worst case every place costs the length of what is looked for.</summary>
    public void ChargeSearch(string text, string sought) => Charge(1 + text.Length / 16 + (long)text.Length * sought.Length / 64);

    public void EnterCall()
    {
        if (++calls > Limits.CallDepth) throw Errors.Recursion();
        EnsureStack();
    }

    public void LeaveCall() => calls--;

    /// <summary>One generator reads another; with <see cref="LeaveGenerator"/>.</summary>
    public void EnterGenerator()
    {
        EnsureStack();
        if (++generators > Limits.GeneratorDepth) throw Errors.Recursion();
    }

    public void LeaveGenerator() => generators--;

    /// <summary>Expressions may nest as deeply as the parser allows, and calls multiply that: the stack itself has the last word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Errors.Recursion();
    }
}
