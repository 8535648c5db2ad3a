"""Why a model answers what it does about pictures, and what spoils its answers: heat maps, corruptions, traits.

It knows pixels and opened models. It does not know labels or datasets. The modules that open a model (`explanations`,
`saliency`) stand as high as the evaluation; they are named by text in `analysis`.
"""
