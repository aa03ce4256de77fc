using System.Text;

namespace Quire.Tokenizers;

/// <summary>NFC, NFD, NFKC and NFKD.</summary>
internal sealed class UnicodeFormNormalizer(bool compatible, bool composed) : Normalizer
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28;

    public override AlignedText Normalize(AlignedText text)
    {
        // Up to U+00BF every form leaves text alone but for the compatibility characters from U+00A0; composing leaves Latin up to U+02FF alone.
        char firstAffected = compatible ? '\u00A0' : composed ? '\u0300' : '\u00C0';
        if (!text.Text.AsSpan().ContainsAnyInRange(firstAffected, char.MaxValue)) return text;
        List<Part> parts = Decompose(text.Text);
        Reorder(parts);
        if (composed) Compose(parts);
        var builder = new AlignedTextBuilder(text);
        Span<char> units = stackalloc char[2];
        foreach (Part part in parts) builder.Append(units[..new Rune(part.CodePoint).EncodeToUtf16(units)], part.Start, part.End);
        return builder.ToText();
    }

    private List<Part> Decompose(string text)
    {
        var parts = new List<Part>(text.Length + 16);
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int consumed);
            Decompose(rune.Value, i, i + consumed, parts);
            i += consumed;
        }
        return parts;
    }

    private void Decompose(int codePoint, int start, int end, List<Part> parts)
    {
        int syllable = codePoint - HangulBase;
        if (codePoint < 0xA0)
        {
            parts.Add(new Part(codePoint, 0, start, end));
        }
        else if (syllable is >= 0 and < LeadCount * VowelCount * TrailCount)
        {
            parts.Add(new Part(LeadBase + syllable / (VowelCount * TrailCount), 0, start, end));
            parts.Add(new Part(VowelBase + syllable % (VowelCount * TrailCount) / TrailCount, 0, start, end));
            if (syllable % TrailCount != 0) parts.Add(new Part(TrailBase + syllable % TrailCount, 0, start, end));
        }
        else if (NormalizationTables.Shared.Decomposition(codePoint, compatible) is { } decomposition)
        {
            foreach (int part in decomposition) Decompose(part, start, end, parts);
        }
        else
        {
            parts.Add(new Part(codePoint, NormalizationTables.Shared.CombiningClass(codePoint), start, end));
        }
    }

    /// <summary>Sorts each run of combining marks by class, keeping the order of equals.</summary>
    private static void Reorder(List<Part> parts)
    {
        for (int first = 0; first < parts.Count; first++)
        {
            if (parts[first].Class == 0) continue;
            int last = first;
            bool sorted = true;
            while (last + 1 < parts.Count && parts[last + 1].Class != 0)
            {
                sorted &= parts[last].Class <= parts[last + 1].Class;
                last++;
            }
            if (!sorted)
            {
                // The marks change places; the places stay in order.
                Part[] run = [.. parts.GetRange(first, last - first + 1).OrderBy(part => part.Class)];
                for (int i = 0; i < run.Length; i++) parts[first + i] = parts[first + i] with { CodePoint = run[i].CodePoint, Class = run[i].Class };
            }
            first = last;
        }
    }

    private static void Compose(List<Part> parts)
    {
        int starter = -1, written = 0, lastClass = -1;
        for (int i = 0; i < parts.Count; i++)
        {
            Part part = parts[i];
            int composite = starter >= 0 && (lastClass < part.Class || lastClass == -1) ? Pair(parts[starter].CodePoint, part.CodePoint) : -1;
            if (composite >= 0)
            {
                parts[starter] = parts[starter] with { CodePoint = composite };
                // The place that falls away is the one after the starter, whichever mark was consumed: those between move up by one.
                for (int k = starter + 1; k < written; k++)
                {
                    Part from = k + 1 < written ? parts[k + 1] : part;
                    parts[k] = parts[k] with { Start = from.Start, End = from.End };
                }
                continue;
            }
            if (part.Class == 0)
            {
                starter = written;
                lastClass = -1;
            }
            else
            {
                lastClass = part.Class;
            }
            parts[written++] = part;
        }
        parts.RemoveRange(written, parts.Count - written);
    }

    private static int Pair(int first, int second)
    {
        int lead = first - LeadBase, vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount) return HangulBase + (lead * VowelCount + vowel) * TrailCount;
        int syllable = first - HangulBase, trail = second - TrailBase;
        if (syllable is >= 0 and < LeadCount * VowelCount * TrailCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount) return first + trail;
        return NormalizationTables.Shared.Compose(first, second);
    }

    private readonly record struct Part(int CodePoint, byte Class, int Start, int End);
}
