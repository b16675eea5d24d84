-- The transfers' columns, keys and checks without any trigger, to tell what the triggers cost.
DROP TABLE IF EXISTS public.bare_transfer;
CREATE TABLE public.bare_transfer (LIKE ballast.transfer INCLUDING ALL);
