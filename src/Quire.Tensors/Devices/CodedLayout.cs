namespace Quire.Tensors;

/// <summary>What a code stands for.</summary>
public enum CodeKind
{
    /// <summary>A whole number of 0 .. 15.</summary>
    Unsigned4,

    /// <summary>A whole number of 0 .. 255.</summary>
    Unsigned8,

    /// <summary>One of sixteen numbers.</summary>
    Level,

    /// <summary>A finite number of float8 e4m3fn.</summary>
    E4M3,
}

/// <summary>How a coded weight [outputs, inputs] gives numbers: value = (number of the code - zero of its group) * scale of its group * <see cref="Factor"/>.</summary>
/// <param name="Kind">What codes stand for.</param>
/// <param name="GroupSize">Inputs that share a scale, in coded order; the last group may be shorter.</param>
/// <param name="ScaleType">The narrowest of F16, BF16 and F32 that holds every scale exactly.</param>
public sealed record CodedLayout(CodeKind Kind, int GroupSize, DType ScaleType)
{
    /// <summary>Groups have zeros of their own; without them the zero of whole numbers is the middle, 8 or 128, of others 0.</summary>
    public bool HasZeros { get; init; }

    /// <summary>The sixteen numbers of <see cref="CodeKind.Level"/>.</summary>
    public IReadOnlyList<float>? Levels { get; init; }

    /// <summary>One multiplier of all scales.</summary>
    public float Factor { get; init; } = 1;

    /// <summary>Coded input i is the matrix's input InputOrder[i]: inputs sorted by their group. Null where the orders are one.</summary>
    public IReadOnlyList<int>? InputOrder { get; init; }

    /// <summary>What the checkpoint does to this matrix's inputs before the product.</summary>
    public ActivationScheme? Activations { get; init; }

    /// <summary>Groups of a row.</summary>
    public int Groups(long inputs) => (int)((inputs + GroupSize - 1) / GroupSize);

    /// <summary>The number that a code stands for before its zero is taken.</summary>
    public float Number(byte code) => Kind switch
    {
        CodeKind.Level => Levels![code],
        CodeKind.E4M3 => Float8.WidenE4M3(code),
        _ => code,
    };

    /// <summary>The zero of groups that have none of their own.</summary>
    public int Middle => Kind switch { CodeKind.Unsigned4 => 8, CodeKind.Unsigned8 => 128, _ => 0 };

    /// <summary>True where both matrices may be packed as one, stacked along their outputs.</summary>
    public bool StacksWith(CodedLayout other)
    {
        bool sameOrder = ReferenceEquals(InputOrder, other.InputOrder) || (InputOrder is not null && other.InputOrder is not null && InputOrder.SequenceEqual(other.InputOrder));
        bool sameLevels = ReferenceEquals(Levels, other.Levels) || (Levels is not null && other.Levels is not null && Levels.SequenceEqual(other.Levels));
        return sameOrder && sameLevels && this == other with { InputOrder = InputOrder, Levels = Levels };
    }
}
