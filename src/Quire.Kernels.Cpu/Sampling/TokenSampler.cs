using Quire.Tensors;

namespace Quire.Kernels.Cpu.Sampling;

/// <summary>Draws one token from one row.</summary>
internal static class TokenSampler
{
    public static void Choose(Span<float> logits, SamplingRow row, SampledToken token)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        token.Id = best;
    }
}
