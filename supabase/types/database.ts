import type {
  Account,
  Band,
  BrokenRule,
  ExportPage,
  ImportedRow,
  JobErrorCode,
  JobKind,
  JobStage,
  JobStatus,
  NewApiKey,
  NewShare,
  NewWebhookSecret,
  NotificationParams,
  Overall,
  PackConfiguration,
  PlanId,
  PlanPrice,
  ReviewEntry,
  RuleDefinition,
  ScoreRecord,
  SentimentSummary,
  Severity,
  SharedPack,
  SourceKind,
  Stage,
  StandsOut,
  StarterPack,
  Verdict,
  ViralityBreakdown,
  Watch,
  WebhookEvent,
} from './documents.ts'

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]
export type Database = {
  
  "public": {
          Tables: {
            "accounts": {
                  Row: {
                    "created_at": string,"id": string,"kind": "person" | "organisation","locale": "en" | "es" | "pt" | "fr" | "de","name": string | null
                  }
                  ComputedFields: never
                  Insert: never
                  Update: {
                    "locale"?: "en" | "es" | "pt" | "fr" | "de"
                  }
                  Relationships: [
                    
                  ]
                },"analysis_numbers": {
                  Row: {
                    "band": Band | null,"basis": StandsOut['basis'] | null,"comments": number | null,"complaint_counts": { [title: string]: number },"complaints": (string)[],"created_at": string,"currency": string | null,"id": string,"is_hit": boolean | null,"is_sample": boolean,"is_sold_out": boolean | null,"judged_at": string | null,"net": number | null,"net_high": number | null,"net_low": number | null,"price": number | null,"product_id": string,"ratio": number | null,"ratio_high": number | null,"ratio_low": number | null,"stage": Stage | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"user_id": string,"video": string | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"analysis_results": {
                  Row: {
                    "created_at": string,"engine": string,"id": string,"is_sample": boolean | null,"job_id": string | null,"product_id": string,"sentiment_label": Overall['label'] | null,"sentiment_net": number | null,"source_kind": SourceKind | null,"user_id": string
                  } & ({ "type": "sentiment_summary","content": SentimentSummary } | { "type": "virality_breakdown","content": ViralityBreakdown })
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_results_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"api_keys": {
                  Row: {
                    "created_at": string,"created_by": string | null,"expires_at": string,"id": string,"last_characters": string,"last_used_at": string | null,"name": string,"revoked_at": string | null,"scopes": ('read' | 'write')[],"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "api_keys_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"audit_events": {
                  Row: {
                    "action": "insert" | "update" | "delete" | "export","actor": string | null,"api_key_id": string | null,"changes": string[],"created_at": string,"id": string,"target_id": string | null,"target_kind": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "audit_events_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"brand_rules": {
                  Row: {
                    "brand_id": string | null,"created_at": string,"created_by": string | null,"enabled": boolean,"id": string,"rule_definition": RuleDefinition,"rule_name": string,"severity": Severity,"updated_at": string,"updated_by": string | null,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "brand_id"?: string | null,"enabled"?: boolean,"id"?: string,"rule_definition": RuleDefinition,"rule_name": string,"user_id"?: string
                  }
                  Update: {
                    "brand_id"?: string | null,"enabled"?: boolean,"id"?: string,"rule_definition"?: RuleDefinition,"rule_name"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "brand_rules_brand_id_user_id_fkey"
      columns: ["brand_id","user_id"]
isOneToOne: false
      referencedRelation: "brands"
      referencedColumns: ["id","user_id"]
    },{
      foreignKeyName: "brand_rules_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"brands": {
                  Row: {
                    "archived_at": string | null,"created_at": string,"id": string,"name": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "id"?: string,"name": string,"user_id"?: string
                  }
                  Update: {
                    "archived_at"?: string | null,"name"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "brands_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"competitors": {
                  Row: {
                    "competitor_id": string,"created_at": string,"id": string,"product_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "competitor_id": string,"product_id": string
                  }
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"jobs": {
                  Row: {
                    "attempt": number,"crashes": number,"created_at": string,"error_code": JobErrorCode | null,"error_message": string | null,"failures": number,"finished_at": string | null,"id": string,"kind": JobKind,"product_id": string | null,"progress": number,"stage": JobStage,"started_at": string | null,"status": "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled","user_id": string | null
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "jobs_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"notifications": {
                  Row: {
                    "created_at": string,"id": string,"kind": string,"params": NotificationParams,"product_id": string | null,"read_at": string | null,"text": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: {
                    "read_at"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "notifications_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"plans": {
                  Row: {
                    "analyses_per_month": number,"grace_days": number,"has_transcripts": boolean,"id": PlanId,"kept_analyses": number,"kept_history": number,"max_brand_rules": number,"max_brands": number,"max_products": number,"max_scripts": number,"name": string,"prices": PlanPrice[],"rank": number,"requests_per_minute": number,"scripts_per_month": number,"seats": number,"watch": "off" | "weekly" | "daily"
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    
                  ]
                },"products": {
                  Row: {
                    "archived_at": string | null,"brand_id": string | null,"created_at": string,"created_by": string | null,"id": string,"last_analyzed_at": string | null,"name": string,"source_url": string,"tags": (string)[],"updated_at": string,"updated_by": string | null,"user_id": string,"watch": "off" | "weekly" | "daily"
                  }
                  ComputedFields: never
                  Insert: {
                    "brand_id"?: string | null,"id"?: string,"name": string,"source_url": string,"tags"?: (string)[],"watch"?: "off" | "weekly" | "daily"
                  }
                  Update: {
                    "archived_at"?: string | null,"brand_id"?: string | null,"name"?: string,"tags"?: (string)[],"watch"?: "off" | "weekly" | "daily"
                  }
                  Relationships: [
                    {
      foreignKeyName: "products_brand_id_user_id_fkey"
      columns: ["brand_id","user_id"]
isOneToOne: false
      referencedRelation: "brands"
      referencedColumns: ["id","user_id"]
    },{
      foreignKeyName: "products_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"script_versions": {
                  Row: {
                    "content": string,"created_at": string,"created_by": string | null,"id": string,"script_id": string,"user_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "script_versions_script_id_fkey"
      columns: ["script_id"]
isOneToOne: false
      referencedRelation: "scripts"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "script_versions_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"scripts": {
                  Row: {
                    "broken_rules": BrokenRule[] | null,"content": string,"created_at": string,"created_by": string | null,"id": string,"job_id": string | null,"origin": "user" | "ai","product_id": string,"review": ReviewEntry[] | null,"status": "draft" | "final","title": string | null,"updated_at": string,"updated_by": string | null,"user_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "content": string,"id"?: string,"product_id": string,"status"?: "draft" | "final","title"?: string | null,"user_id"?: string
                  }
                  Update: {
                    "content"?: string,"status"?: "draft" | "final","title"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "scripts_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"shares": {
                  Row: {
                    "created_at": string,"expires_at": string,"id": string,"pack_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "shares_pack_id_fkey"
      columns: ["pack_id"]
isOneToOne: false
      referencedRelation: "virality_packs"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "shares_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"subscriptions": {
                  Row: {
                    "cancel_at": string | null,"cancel_at_period_end": boolean,"canceled_at": string | null,"created_at": string,"current_period_end": string | null,"current_period_start": string | null,"id": string,"past_due_at": string | null,"pause_collection": string | null,"plan": PlanId | null,"status": string,"stripe_subscription_id": string,"trial_end": string | null,"updated_at": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "subscriptions_plan_fkey"
      columns: ["plan"]
isOneToOne: false
      referencedRelation: "plans"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "subscriptions_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"virality_packs": {
                  Row: {
                    "configuration": PackConfiguration,"created_at": string,"expires_at": string | null,"headline": string | null,"id": string,"job_id": string | null,"name": string,"previous_score": number | null,"product_id": string,"score": number | null,"score_band": Band | null,"user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: {
                    "name"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "virality_packs_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"webhook_deliveries": {
                  Row: {
                    "attempts": number,"created_at": string,"endpoint_id": string,"finished_at": string | null,"id": string,"kind": string,"last_attempt_at": string | null,"next_attempt_at": string | null,"payload": WebhookEvent,"problem": "status" | "timeout" | "unreachable" | "not_allowed" | "endpoint_disabled" | null,"response_status": number | null,"status": "pending" | "delivered" | "failed","user_id": string
                  }
                  ComputedFields: never
                  Insert: never
                  Update: never
                  Relationships: [
                    {
      foreignKeyName: "webhook_deliveries_endpoint_id_fkey"
      columns: ["endpoint_id"]
isOneToOne: false
      referencedRelation: "webhook_endpoints"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "webhook_deliveries_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"webhook_endpoints": {
                  Row: {
                    "created_at": string,"description": string,"disabled_at": string | null,"disabled_reason": "owner" | "gone" | "failing" | null,"id": string,"kinds": (string)[],"updated_at": string,"url": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "description"?: string,"id"?: string,"kinds"?: (string)[],"url": string
                  }
                  Update: {
                    "description"?: string,"disabled_at"?: string | null,"kinds"?: (string)[],"url"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "webhook_endpoints_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Views: {
            "product_comparison": {
                  Row: {
                    "analysed_at": string | null,"band": Band | null,"compared_id": string,"complaints": (string)[] | null,"currency": string | null,"is_competitor": boolean | null,"is_sold_out": boolean | null,"name": string,"net": number | null,"net_high": number | null,"net_low": number | null,"price": number | null,"product_id": string | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Relationships: [
                    
                  ]
                },"product_history": {
                  Row: {
                    "analysed_at": string,"band": Band | null,"complaints": (string)[],"is_hit": boolean | null,"judged_at": string | null,"net": number | null,"net_high": number | null,"net_low": number | null,"product_id": string,"ratio": number | null,"ratio_high": number | null,"ratio_low": number | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Insert: never
                        Update: never
                        Relationships: [
                    {
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    }
                  ]
                },"product_overview": {
                  Row: {
                    "archived_at": string | null,"brand_id": string | null,"created_at": string,"created_by": string | null,"headline": string | null,"id": string,"is_sample": boolean | null,"job_error_code": JobErrorCode | null,"job_error_message": string | null,"job_id": string | null,"job_kind": JobKind | null,"job_progress": number | null,"job_stage": JobStage | null,"job_status": JobStatus | null,"last_analyzed_at": string | null,"name": string,"pack_created_at": string | null,"pack_expires_at": string | null,"pack_id": string | null,"pack_name": string | null,"pack_score": number | null,"previous_score": number | null,"score_band": Band | null,"script_count": number | null,"sentiment_label": Overall['label'] | null,"sentiment_net": number | null,"source_kind": SourceKind | null,"source_url": string,"tags": (string)[],"updated_at": string,"updated_by": string | null,"user_id": string,"watch": Watch
                  }
                  ComputedFields: never
                  Relationships: [
                    {
      foreignKeyName: "products_brand_id_user_id_fkey"
      columns: ["brand_id","user_id"]
isOneToOne: false
      referencedRelation: "brands"
      referencedColumns: ["id","user_id"]
    },{
      foreignKeyName: "products_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Functions: {
            "account":
{ Args: Record<PropertyKey, never>; Returns: Account
                           },
"adopt_starter_rules":
{ Args: { "pack": StarterPack }; Returns: Database["public"]["Tables"]["brand_rules"]["Row"][]
                          SetofOptions: {
        from: "*"
        to: "brand_rules"
        isOneToOne: false
        isSetofReturn: true
      } },
"cancel_job":
{ Args: { "job_id": string }; Returns: Database["public"]["Tables"]["jobs"]["Row"]
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"check_compliance":
{ Args: { "content": string,"product_id"?: string }; Returns: Verdict[]
                           },
"create_api_key":
{ Args: { "expires_at"?: string,"name": string,"scopes": ('read' | 'write')[] }; Returns: NewApiKey
                           },
"delete_account":
{ Args: Record<PropertyKey, never>; Returns: undefined
                           },
"export_account":
{ Args: { "cursor"?: string }; Returns: ExportPage
                           },
"generate_script":
{ Args: { "brief"?: string,"product_id": string }; Returns: Database["public"]["Tables"]["jobs"]["Row"]
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"import_products":
{ Args: { "all_or_none"?: boolean,"rows": Database["public"]["Tables"]["products"]["Insert"][] }; Returns: ImportedRow[]
                           },
"members":
{ Args: Record<PropertyKey, never>; Returns: {
              "name": string,"person_id": string,"role": string,"seen_at": string
            }[]
                           },
"pack_csv":
{ Args: { "pack_id": string }; Returns: string
                           },
"pack_markdown":
{ Args: { "pack_id": string }; Returns: string
                           },
"restore_script_version":
{ Args: { "script_id": string,"version": number }; Returns: Database["public"]["Tables"]["scripts"]["Row"]
                          SetofOptions: {
        from: "*"
        to: "scripts"
        isOneToOne: true
        isSetofReturn: false
      } },
"revoke_api_key":
{ Args: { "id": string }; Returns: undefined
                           },
"revoke_share":
{ Args: { "id": string }; Returns: undefined
                           },
"rotate_webhook_secret":
{ Args: { "id": string }; Returns: NewWebhookSecret
                           },
"run_analysis":
{ Args: { "product_id": string }; Returns: Database["public"]["Tables"]["jobs"]["Row"]
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"score_record":
{ Args: Record<PropertyKey, never>; Returns: ScoreRecord
                           },
"service_score_record":
{ Args: Record<PropertyKey, never>; Returns: ScoreRecord
                           },
"share_pack":
{ Args: { "expires_at"?: string,"pack_id": string }; Returns: NewShare
                           },
"shared_pack":
{ Args: { "secret": string }; Returns: SharedPack
                           },
"shared_pack_csv":
{ Args: { "secret": string }; Returns: string
                           },
"shared_pack_markdown":
{ Args: { "secret": string }; Returns: string
                           },
"test_webhook":
{ Args: { "id": string }; Returns: Database["public"]["Tables"]["webhook_deliveries"]["Row"]
                          SetofOptions: {
        from: "*"
        to: "webhook_deliveries"
        isOneToOne: true
        isSetofReturn: false
      } }
          }
          Enums: {
            [_ in never]: never
          }
          CompositeTypes: {
            [_ in never]: never
          }
        }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
  ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R
    }
    ? R
    : never
  : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I
    }
    ? I
    : never
  : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U
    }
    ? U
    : never
  : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
  ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
  ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never

export const Constants = {
  "public": {
          Enums: {
            
          }
        }
} as const
